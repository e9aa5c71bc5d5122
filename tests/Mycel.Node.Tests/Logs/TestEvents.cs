using Microsoft.Extensions.Logging;

namespace Mycel.Node.Tests.Logs;

/// <summary>Events for tests to log.</summary>
internal static partial class TestEvents
{
    [LoggerMessage(Message = "{DeviceName} has {ModelCount} models after {LatencySeconds} s, {IsNew}, {Nothing}")]
    public static partial void DeviceOnline(ILogger logger, LogLevel level, string deviceName, int modelCount, double latencySeconds, bool isNew, object? nothing);

    [LoggerMessage(Level = LogLevel.Information, Message = "entry {Number}")]
    public static partial void Numbered(ILogger logger, int number);

    [LoggerMessage(Level = LogLevel.Warning, Message = "said {Text}")]
    public static partial void Said(ILogger logger, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "failed {Level}")]
    public static partial void Failed(ILogger logger, Exception exception, string level);

    [LoggerMessage(Level = LogLevel.Debug, Message = "detail")]
    public static partial void Detail(ILogger logger);
}
