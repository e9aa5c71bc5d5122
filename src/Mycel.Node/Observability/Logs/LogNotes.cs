namespace Mycel.Node.Observability.Logs;

/// <summary>Entries that the log writes about itself.</summary>
internal static class LogNotes
{
    /// <summary>Says that entries were lost.</summary>
    public static LogEntry Lost(long count, string why, TimeProvider time) => new()
    {
        Timestamp = time.GetUtcNow(),
        Level = LogLevel.Warning,
        Category = typeof(LogNotes).Namespace!,
        Event = "log_entries_lost",
        Message = $"{count} log entries were lost here: {why}",
        Fields = [new KeyValuePair<string, object?>("lost", count)],
    };
}
