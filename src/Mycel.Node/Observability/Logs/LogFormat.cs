namespace Mycel.Node.Observability.Logs;

/// <summary>Forms of a line on standard output.</summary>
internal enum LogFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For people at a terminal that shows colours.</summary>
    ColoredText,

    /// <summary>One JSON object a line, for programs.</summary>
    Json,
}
