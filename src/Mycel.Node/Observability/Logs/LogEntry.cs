namespace Mycel.Node.Observability.Logs;

/// <summary>One thing logged, with all its values fixed at that moment.</summary>
internal sealed class LogEntry
{
    /// <summary>When.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>How severe.</summary>
    public required LogLevel Level { get; init; }

    /// <summary>The logger's name, usually a type.</summary>
    public required string Category { get; init; }

    /// <summary>The event's name in snake_case, or null when it has none.</summary>
    public string? Event { get; init; }

    /// <summary>The sentence for people.</summary>
    public required string Message { get; init; }

    /// <summary>The values in the message: names in snake_case; null, bool, long, double or string.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Fields { get; init; } = [];

    /// <summary>The exception with its stack, or null.</summary>
    public string? Exception { get; init; }
}
