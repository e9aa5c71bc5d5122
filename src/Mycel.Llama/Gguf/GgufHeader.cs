namespace Mycel.Llama.Gguf;

/// <summary>
/// What a GGUF model file (versions 2 and 3, little endian) says about itself: metadata and tensors, without the tensors' data. A model that is
/// split into several files is read as one. Reading is safe with any file: every count and length is checked against the bytes that are left,
/// and what is kept in memory is bounded. Immutable.
/// </summary>
/// <remarks>Format: <c>docs/gguf.md</c> in the ggml project. As llama.cpp does, keys or tensors of the same name are refused.</remarks>
public sealed class GgufHeader
{
    /// <summary>Most bytes of metadata and tensor descriptions in a file. The largest vocabularies (about 260,000 tokens) take 15 MB.</summary>
    public const long MaxHeaderBytes = 256L << 20;

    /// <summary>Most metadata entries in a file; models have about 50.</summary>
    public const int MaxKeys = 16_384;

    /// <summary>Most tensors in all parts together; the largest models have a few thousand.</summary>
    public const int MaxTensors = 65_536;

    /// <summary>Most parts of a split model.</summary>
    public const int MaxParts = 1_024;

    /// <summary>Most bytes of a string that is kept. Longer ones, such as a whole tokenizer as JSON, are left out of <see cref="Metadata"/>.</summary>
    public const int MaxStringKept = 1 << 20;

    /// <summary>Most elements of an array whose values are kept: enough for one value a layer.</summary>
    public const int MaxArrayKept = 1_024;

    /// <summary>Most bytes in memory for all that is kept of a file's metadata.</summary>
    internal const long MaxKept = 16L << 20;

    /// <summary>Most bytes of a metadata key, as the format has it.</summary>
    internal const int MaxKeyBytes = 65_535;

    internal GgufHeader(string path)
    {
        Path = path;
    }

    /// <summary>The file that was read; the first part of a split model.</summary>
    public string Path { get; }

    /// <summary>All files of the model, the first part first.</summary>
    public IReadOnlyList<string> Parts { get; internal init; } = [];

    /// <summary>Bytes of all files of the model.</summary>
    public long FileBytes { get; internal init; }

    /// <summary>Version of the format: 2 or 3.</summary>
    public int Version { get; internal init; }

    /// <summary>Tensor data begins at multiples of so many bytes.</summary>
    public int Alignment { get; internal init; }

    /// <summary>
    /// Metadata by key (of the first part). Values are <see cref="string"/>, <see cref="bool"/>, <see cref="long"/>, <see cref="ulong"/> (above the range of
    /// long), <see cref="double"/> or <see cref="GgufArray"/>.
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata { get; internal init; } = new Dictionary<string, object>();

    /// <summary>Tensors of all parts.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; internal init; } = [];

    /// <summary>Reads a model file, and its other parts where it is split.</summary>
    /// <exception cref="GgufException">It is missing, no GGUF, of an unsupported version, damaged or incomplete.</exception>
    public static GgufHeader Read(string path) => GgufParts.Read(path);

    /// <summary>The string under a key; null where there is none.</summary>
    public string? GetString(string key) => Metadata.GetValueOrDefault(key) as string;

    /// <summary>The integer under a key; null where there is none.</summary>
    public long? GetInteger(string key) => Metadata.GetValueOrDefault(key) as long?;

    /// <summary>The truth value under a key; null where there is none.</summary>
    public bool? GetBoolean(string key) => Metadata.GetValueOrDefault(key) as bool?;

    /// <summary>The array under a key; null where there is none.</summary>
    public GgufArray? GetArray(string key) => Metadata.GetValueOrDefault(key) as GgufArray;
}
