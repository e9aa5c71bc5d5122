namespace Mycel.Node.Cli.Client;

/// <summary>Asks the node to load a model.</summary>
internal sealed class ModelLoadRequest
{
    /// <summary>Its name, or the full path of its file.</summary>
    public required string Model { get; init; }

    /// <summary>Name to announce it under, or null for its own.</summary>
    public string? Name { get; init; }

    /// <summary>Tokens a request may use, or null for the node's choice.</summary>
    public int? Context { get; init; }

    /// <summary>Requests at once, or null for the node's choice.</summary>
    public int? Slots { get; init; }

    /// <summary>Layers on a GPU, or null for all.</summary>
    public int? GpuLayers { get; init; }
}

/// <summary>Asks the node to unload a model.</summary>
internal sealed class ModelUnloadRequest
{
    /// <summary>Its name.</summary>
    public required string Model { get; init; }
}

/// <summary>Asks the node to download a model.</summary>
internal sealed class ModelPullRequest
{
    /// <summary>https://…, hf:ORG/REPO:FILE or a known name.</summary>
    public required string Source { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Name to keep it under, or null for its own.</summary>
    public string? Name { get; init; }
}
