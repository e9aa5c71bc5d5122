namespace Mycel.Node.Models;

/// <summary>What a model is for.</summary>
internal enum ModelPurpose
{
    Chat,
    Code,
    Embedding,
}

/// <summary>A well-known open model that can be pulled by a short name.</summary>
/// <param name="Name">The short name.</param>
/// <param name="Repository">Where it is on the hub, <c>ORG/REPO</c>.</param>
/// <param name="File">The file there.</param>
/// <param name="Purpose">What it is for.</param>
internal sealed record KnownModel(string Name, string Repository, string File, ModelPurpose Purpose)
{
    /// <summary>Size of the file, in bytes. The hub names the true size when it is pulled.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether <see cref="Bytes"/> is the file's size to the byte; otherwise it is right to a few per cent.</summary>
    public bool IsExactSize { get; init; }

    /// <summary>SHA-256 of the file where it is pinned; null where the hub names it at the time.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters that take part in each token; null for all.</summary>
    public long? ActiveParameters { get; init; }

    /// <summary>How its weights are stored.</summary>
    public required string Quantization { get; init; }

    /// <summary>Tokens it was trained for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Bytes of keys and values (f16) that each token of a context takes in the layers that keep the whole context.</summary>
    public required int CacheBytesPerToken { get; init; }

    /// <summary>Its licence, as SPDX names it where it does.</summary>
    public required string Licence { get; init; }

    /// <summary>How a pull names it in full.</summary>
    public string Source => $"hf:{Repository}:{File}";
}
