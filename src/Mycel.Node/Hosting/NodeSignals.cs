using System.Runtime.InteropServices;
using Mycel.Node.Configuration;

namespace Mycel.Node.Hosting;

/// <summary>The signals a node listens to: SIGTERM and SIGINT stop it (a second one at once), SIGHUP reloads the settings.</summary>
internal sealed partial class NodeSignals : IDisposable
{
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly OptionsStore _settings;
    private readonly ILogger _log;

    public NodeSignals(OptionsStore settings, ILogger log)
    {
        _settings = settings;
        _log = log;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload));
    }

    /// <summary>Completes when the node is to stop.</summary>
    public Task StopRequested => _stop.Task;

    /// <summary>Whether it was told twice.</summary>
    public bool IsHurried { get; private set; }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_stop.TrySetResult()) IsHurried = true;
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        var outcome = _settings.Reload();
        foreach (var error in outcome.Errors) LogBroken(_log, error.ToString());
        foreach (var warning in outcome.Warnings) LogWarning(_log, warning.ToString());
        if (!outcome.IsOk) return;
        LogReloaded(_log, outcome.Applied.Count == 0 ? "nothing changed" : string.Join(", ", outcome.Applied));
        foreach (var cold in outcome.RestartRequired) LogCold(_log, cold.Key, cold.From, cold.To);
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the settings were not reloaded, the old ones stay: {Problem}")]
    private static partial void LogBroken(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    private static partial void LogWarning(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "settings reloaded: {Keys}")]
    private static partial void LogReloaded(ILogger logger, string keys);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Key} stays at {From} until a restart (the file says {To})")]
    private static partial void LogCold(ILogger logger, string key, string from, string to);
}
