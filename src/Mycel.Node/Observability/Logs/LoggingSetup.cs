using Mycel.Node.Configuration;

namespace Mycel.Node.Observability.Logs;

/// <summary>Puts the node's logging in place.</summary>
internal static class LoggingSetup
{
    /// <summary>Makes <see cref="NodeLoggerProvider"/> the only provider, writing to standard output and following the settings, and
    /// registers <see cref="LogBuffer"/>.</summary>
    public static ILoggingBuilder AddNodeLogging(this ILoggingBuilder logging, IOptionsSource settings, TimeProvider time)
    {
        var buffer = new LogBuffer(time);
        var output = new LogOutput(Console.OpenStandardOutput(), FormatOf(settings.Current.Log), time);
        var provider = new NodeLoggerProvider(buffer, output, time) { Level = settings.Current.Log.Level };
        settings.Changed += options =>
        {
            provider.Level = options.Log.Level;
            output.Format = FormatOf(options.Log);
        };
        logging.ClearProviders().SetMinimumLevel(LogLevel.Trace);
        // What ends a start is told in one sentence by the command; the host's own account of it is a stack trace.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        // Registered by a function, so that the container disposes it with the host and writes out what is queued.
        logging.Services.AddSingleton<ILoggerProvider>(_ => provider);
        logging.Services.AddSingleton(buffer);
        return logging;
    }

    /// <summary>The form asked for; <c>auto</c> is text on a terminal and JSON elsewhere.</summary>
    public static LogFormat FormatOf(LogOptions options)
    {
        var isTerminal = !Console.IsOutputRedirected;
        if (options.Format == "json" || (options.Format == "auto" && !isTerminal)) return LogFormat.Json;
        return isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? LogFormat.ColoredText : LogFormat.Text;
    }
}
