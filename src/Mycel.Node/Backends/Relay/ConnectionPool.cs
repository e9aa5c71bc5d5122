using System.Diagnostics;

namespace Mycel.Node.Backends.Relay;

/// <summary>The open connections to one device; the one used last is used first, so that few stay warm.</summary>
internal sealed class ConnectionPool(DeviceAddress address) : IDisposable
{
    /// <summary>Most idle connections kept a device.</summary>
    public const int MaxIdle = 256;

    /// <summary>How long a connection may be idle.</summary>
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(90);

    private readonly Lock _lock = new();
    private readonly List<DeviceConnection> _idle = [];
    private bool _isClosed;

    /// <summary>A warm connection, or null.</summary>
    public DeviceConnection? TryRent()
    {
        while (true)
        {
            DeviceConnection connection;
            lock (_lock)
            {
                if (_idle.Count == 0) return null;
                connection = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }
            if (!connection.IsStale) return connection;
            connection.Dispose();
        }
    }

    public Task<DeviceConnection> OpenAsync(TimeSpan timeout, CancellationToken cancellation) => DeviceConnection.OpenAsync(address, timeout, cancellation);

    /// <summary>Takes a connection back, to be kept where it can be used again and closed where not.</summary>
    public void Return(DeviceConnection connection)
    {
        if (connection.CanReuse)
        {
            connection.IdleSince = Stopwatch.GetTimestamp();
            connection.BeginReadAhead();
            lock (_lock)
            {
                if (!_isClosed && _idle.Count < MaxIdle)
                {
                    _idle.Add(connection);
                    return;
                }
            }
        }
        connection.Dispose();
    }

    /// <summary>Closes what the device closed, and what was idle too long.</summary>
    public void Sweep()
    {
        List<DeviceConnection>? old = null;
        lock (_lock)
        {
            for (var i = _idle.Count - 1; i >= 0; i--)
            {
                if (!_idle[i].IsStale && Stopwatch.GetElapsedTime(_idle[i].IdleSince) < MaxIdleTime) continue;
                (old ??= []).Add(_idle[i]);
                _idle.RemoveAt(i);
            }
        }
        if (old is null) return;
        foreach (var connection in old) connection.Dispose();
    }

    public void Dispose()
    {
        List<DeviceConnection> all;
        lock (_lock)
        {
            _isClosed = true;
            all = [.. _idle];
            _idle.Clear();
        }
        foreach (var connection in all) connection.Dispose();
    }
}
