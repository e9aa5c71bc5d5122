namespace Mycel.Node.Observability.Logs;

/// <summary>
/// The node's only logger: decides by one level that can change at any time, and hands entries to the ring and to standard output.
/// The logging builder's own minimum must be Trace, or it would decide before.
/// </summary>
internal sealed class NodeLoggerProvider(LogBuffer buffer, LogOutput? output, TimeProvider time) : ILoggerProvider
{
    private const string RequestDiagnostics = "Microsoft.AspNetCore.Hosting.Diagnostics";

    private volatile LogLevel _level = LogLevel.Information;

    /// <summary>Least severe level logged.</summary>
    public LogLevel Level
    {
        get => _level;
        set => _level = value;
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new CategoryLogger(this, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        buffer.Complete();
        output?.Dispose();
    }

    /// <summary>The level for a category. The framework's own categories tell of every request, so they speak from warnings on, unless
    /// somebody debugs.</summary>
    private bool IsEnabled(LogLevel level, bool isFramework, bool isRequestDiagnostics)
    {
        var least = _level;
        if (level == LogLevel.None || level < least) return false;
        if (least <= LogLevel.Debug) return !isFramework || level >= LogLevel.Information;
        // While this category takes anything at all, the server makes an activity and a scope for every request.
        return !isRequestDiagnostics && (!isFramework || level >= LogLevel.Warning);
    }

    private void Add(LogEntry entry)
    {
        buffer.Add(entry);
        output?.Add(entry);
    }

    private sealed class CategoryLogger(NodeLoggerProvider provider, string category) : ILogger
    {
        private readonly bool _isFramework = category.StartsWith("Microsoft.", StringComparison.Ordinal) || category.StartsWith("System.", StringComparison.Ordinal);
        private readonly bool _isRequestDiagnostics = category == RequestDiagnostics;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => provider.IsEnabled(logLevel, _isFramework, _isRequestDiagnostics);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) provider.Add(LogEntryFactory.Create(provider.Now, logLevel, category, eventId, state, exception, formatter));
        }
    }

    private DateTimeOffset Now => time.GetUtcNow();
}
