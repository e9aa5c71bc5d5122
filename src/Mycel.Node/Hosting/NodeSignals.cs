using System.Runtime.InteropServices;
using Mycel.Node.Configuration;

namespace Mycel.Node.Hosting;

/// <summary>The signals a node listens to: SIGTERM and SIGINT stop it (a second one at once), SIGHUP reloads the settings.</summary>
internal sealed class NodeSignals : IDisposable
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
        ReloadLog.Write(_log, _settings.Reload());
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}
