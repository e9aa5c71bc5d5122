namespace Mycel.Llama.Gguf;

/// <summary>A tensor as a GGUF file describes it.</summary>
/// <param name="Name">Such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Dimensions">Elements along each axis, the contiguous one first; 0 to 4 axes.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Offset">Bytes from the start of its file's tensor data.</param>
public sealed record GgufTensor(string Name, IReadOnlyList<long> Dimensions, GgufTensorType Type, long Offset)
{
    /// <summary>Number of elements.</summary>
    public long Elements { get; init; }

    /// <summary>Bytes it takes in the file.</summary>
    public long Bytes { get; init; }
}

/// <summary>How a tensor's elements are stored: blocks of <paramref name="BlockElements"/> that take <paramref name="BlockBytes"/> each.</summary>
/// <param name="Name">ggml's name, such as <c>Q4_1</c>.</param>
/// <param name="BlockElements">Elements in a block; an axis' length along the blocks is a multiple of it.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
public sealed record GgufTensorType(string Name, int BlockElements, int BlockBytes)
{
    /// <summary>The types of ggml 0.25 (llama.cpp 0.5.0) by their numbers (<c>ggml/include/ggml.h</c>). Numbers that are missing were given up.</summary>
    internal static readonly IReadOnlyDictionary<uint, GgufTensorType> ByNumber = new Dictionary<uint, GgufTensorType>
    {
        [0] = new("F32", 1, 4),
        [1] = new("F16", 1, 2),
        [2] = new("Q4_0", 32, 18),
        [3] = new("Q4_1", 32, 20),
        [6] = new("Q5_0", 32, 22),
        [7] = new("Q5_1", 32, 24),
        [8] = new("Q8_0", 32, 34),
        [9] = new("Q8_1", 32, 36),
        [10] = new("Q2_K", 256, 84),
        [11] = new("Q3_K", 256, 110),
        [12] = new("Q4_K", 256, 144),
        [13] = new("Q5_K", 256, 176),
        [14] = new("Q6_K", 256, 210),
        [15] = new("Q8_K", 256, 292),
        [16] = new("IQ2_XXS", 256, 66),
        [17] = new("IQ2_XS", 256, 74),
        [18] = new("IQ3_XXS", 256, 98),
        [19] = new("IQ1_S", 256, 50),
        [20] = new("IQ4_NL", 32, 18),
        [21] = new("IQ3_S", 256, 110),
        [22] = new("IQ2_S", 256, 82),
        [23] = new("IQ4_XS", 256, 136),
        [24] = new("I8", 1, 1),
        [25] = new("I16", 1, 2),
        [26] = new("I32", 1, 4),
        [27] = new("I64", 1, 8),
        [28] = new("F64", 1, 8),
        [29] = new("IQ1_M", 256, 56),
        [30] = new("BF16", 1, 2),
        [34] = new("TQ1_0", 256, 54),
        [35] = new("TQ2_0", 256, 66),
        [39] = new("MXFP4", 32, 17),
        [40] = new("NVFP4", 64, 36),
        [41] = new("Q1_0", 128, 18),
        [42] = new("Q2_0", 64, 18),
    };
}
