namespace Mycel.Node.Observability.Logs;

/// <summary>The words for levels.</summary>
internal static class LogLevelText
{
    /// <summary>All of them, for messages.</summary>
    public const string All = "debug, info, warn or error";

    /// <summary>The word for a level.</summary>
    public static string Of(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    /// <summary>The level of a word.</summary>
    public static bool TryParse(string? word, out LogLevel level)
    {
        (level, var isKnown) = word switch
        {
            "debug" => (LogLevel.Debug, true),
            "info" => (LogLevel.Information, true),
            "warn" => (LogLevel.Warning, true),
            "error" => (LogLevel.Error, true),
            _ => (LogLevel.Information, false),
        };
        return isKnown;
    }
}
