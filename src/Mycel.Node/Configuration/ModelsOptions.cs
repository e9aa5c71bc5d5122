namespace Mycel.Node.Configuration;

/// <summary>The model files of this node, and those of them that it serves.</summary>
public sealed record ModelsOptions
{
    /// <summary>Folder of pulled models. Default: <c>models</c> in the data folder. Needs a restart.</summary>
    public string Dir { get; init; } = "";

    /// <summary>The models to announce and load.</summary>
    public IReadOnlyList<ModelEntryOptions> Load { get; init; } = [];

    /// <summary>Whether the small model that comes with the program is announced. Default false.</summary>
    public bool Demo { get; init; }

    /// <summary>Whether models may be pulled from private addresses. Default false.</summary>
    public bool AllowPrivate { get; init; }
}
