namespace Mycel.Node.Configuration;

/// <summary>One model to announce.</summary>
public sealed record ModelEntryOptions
{
    /// <summary>Full path of a GGUF file, or the name of one in <see cref="ModelsOptions.Dir"/>.</summary>
    public required string Model { get; init; }

    /// <summary>The name that requests ask for; see <see cref="ModelName"/>. Default: the file's, without <c>.gguf</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Tokens that a request may use, 1–16,777,216. Default <see cref="LocalEngineOptions.ContextLength"/>.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Requests computed at once, 1–64. Default <see cref="LocalEngineOptions.Slots"/>.</summary>
    public int? Slots { get; init; }

    /// <summary>Layers put on a GPU, 0–10,000. Default all that there are.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>Full path of a chat template (Jinja) that takes the place of the model's own. Default none.</summary>
    public string? Template { get; init; }

    /// <summary>Where the entry came from: <c>flag</c>, <c>env</c> or <c>file</c>.</summary>
    public string Source { get; init; } = "file";
}
