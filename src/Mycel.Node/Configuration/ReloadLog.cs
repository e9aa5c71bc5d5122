namespace Mycel.Node.Configuration;

/// <summary>Logs what reading the settings brought, however it was asked for.</summary>
internal static partial class ReloadLog
{
    /// <summary>Logs the outcome of a reload.</summary>
    public static void Write(ILogger logger, ReloadOutcome outcome)
    {
        foreach (var error in outcome.Errors) NotReloaded(logger, error.ToString());
        WriteWarnings(logger, outcome.Warnings);
        if (!outcome.IsOk) return;
        Reloaded(logger, outcome.Applied.Count == 0 ? "nothing changed" : string.Join(", ", outcome.Applied));
        foreach (var cold in outcome.RestartRequired) StaysUntilRestart(logger, cold.Key, cold.From, cold.To);
    }

    /// <summary>Logs what works and is probably not what was meant.</summary>
    public static void WriteWarnings(ILogger logger, IEnumerable<ConfigurationProblem> warnings)
    {
        foreach (var warning in warnings) Doubtful(logger, warning.ToString());
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the settings were not reloaded, the old ones stay: {Problem}")]
    private static partial void NotReloaded(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    private static partial void Doubtful(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "settings reloaded: {Keys}")]
    private static partial void Reloaded(ILogger logger, string keys);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Key} stays at {From} until a restart; the new settings say {To}")]
    private static partial void StaysUntilRestart(ILogger logger, string key, string from, string to);
}
