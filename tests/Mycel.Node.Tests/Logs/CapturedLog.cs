using Microsoft.Extensions.Logging;
using Mycel.Node.Observability.Logs;

namespace Mycel.Node.Tests.Logs;

/// <summary>A logger whose entries a test can look at.</summary>
internal sealed class CapturedLog : ILogger, IDisposable
{
    private readonly LogBuffer _buffer = new(TimeProvider.System);
    private readonly NodeLoggerProvider _provider;
    private readonly ILogger _logger;

    public CapturedLog()
    {
        _provider = new NodeLoggerProvider(_buffer, output: null, TimeProvider.System) { Level = LogLevel.Debug };
        _logger = _provider.CreateLogger("Mycel.Tests");
    }

    public IReadOnlyList<LogEntry> Entries => _buffer.Last(LogBuffer.Capacity, LogLevel.Trace);

    public bool Has(LogLevel level, string words) => Entries.Any(e => e.Level == level && e.Message.Contains(words, StringComparison.Ordinal));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => _logger.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _logger.Log(logLevel, eventId, state, exception, formatter);

    public void Dispose() => _provider.Dispose();
}
