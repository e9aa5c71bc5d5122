namespace Mycel.Node.Models;

/// <summary>A model that the settings name, found.</summary>
/// <param name="Name">The name that requests ask for.</param>
/// <param name="Path">Full path of its GGUF file.</param>
internal sealed record ServedModel(string Name, string Path)
{
    /// <summary>Tokens a request may use; null for the setting or the model's own.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Requests computed at once; null for the setting.</summary>
    public int? Slots { get; init; }

    /// <summary>Layers on a GPU; null for all that there are.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>Full path of a chat template that takes the place of the model's own; null for its own.</summary>
    public string? Template { get; init; }

    /// <summary>Where it was named: flag, env or file.</summary>
    public string Source { get; init; } = "file";
}
