namespace Mycel.Node.Configuration;

/// <summary>What is logged, and how.</summary>
public sealed record LogOptions
{
    /// <summary>Least severe level that is written: debug, info, warn, error. Default info.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>Form of a line on standard output: <c>text</c>, <c>json</c>, or <c>auto</c> (text on a terminal, json elsewhere). Default auto.</summary>
    public string Format { get; init; } = "auto";
}
