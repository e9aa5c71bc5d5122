using System.Diagnostics;
using Mycel.Node.Configuration;

namespace Mycel.Node.Backends.Relay;

/// <summary>Keeps one device's model list current, for as long as the device is known.</summary>
internal sealed class DeviceWatch : IAsyncDisposable
{
    private static readonly TimeSpan ReplyTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(10);

    private readonly RelayDevice _device;
    private readonly IOptionsSource _options;
    private readonly TimeProvider _time;
    private readonly string _nodeId;
    private readonly Action<RelayDevice> _changed;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _polling = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private bool _isStopped;
    private Task _loop = Task.CompletedTask;

    /// <param name="device">The device.</param>
    /// <param name="options">The settings.</param>
    /// <param name="nodeId">This node's id, told to the device so that two nodes do not offer each other's models back.</param>
    /// <param name="changed">Called when what the device offers, or whether it is online, has changed.</param>
    /// <param name="time">The clock.</param>
    public DeviceWatch(RelayDevice device, IOptionsSource options, string nodeId, Action<RelayDevice> changed, TimeProvider time)
    {
        _device = device;
        _options = options;
        _nodeId = nodeId;
        _changed = changed;
        _time = time;
        device.Failed = _ => Wake();
    }

    /// <summary>Begins to watch.</summary>
    public void Start() => _loop = Task.Run(LoopAsync);

    /// <summary>Looks at the device soon.</summary>
    public void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0) _wake.Release();
        }
        catch (Exception error) when (error is SemaphoreFullException or ObjectDisposedException)
        {
            // Woken already, or no longer watched.
        }
    }

    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await PollAsync();
            var wait = _device.PollFailures == 0
                ? TimeSpan.FromSeconds(_options.Current.Relay.PollSeconds)
                : TimeSpan.FromSeconds(Math.Min(MaxRetry.TotalSeconds, FirstRetry.TotalSeconds * Math.Pow(2, Math.Min(_device.PollFailures - 1, 8))));
            try
            {
                if (await _wake.WaitAsync(wait, _stop.Token) && _device.PollFailures > 0)
                {
                    // Many answers fail at once when a device goes: one look a moment is enough.
                    await Task.Delay(TimeSpan.FromMilliseconds(250), _time, _stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Reads the device's model list once, now.</summary>
    public async Task PollAsync()
    {
        await _polling.WaitAsync();
        try
        {
            if (_isStopped) return;
            var started = Stopwatch.GetTimestamp();
            var connect = TimeSpan.FromSeconds(_options.Current.Relay.ConnectSeconds);
            var reply = await DeviceHttp.GetAsync(_device, "/v1/models", _nodeId, connect, ReplyTime, _stop.Token);
            var models = ModelList.Parse(reply);
            Listed(models, reply.MycelNode, Stopwatch.GetElapsedTime(started));
        }
        catch (DeviceFaultException fault)
        {
            Failed(fault.Message);
        }
        catch (OperationCanceledException)
        {
            // The node stops, or the device was removed.
        }
        finally
        {
            _device.LastPollAt = _time.GetUtcNow();
            _polling.Release();
        }
    }

    private void Listed(IReadOnlyList<string> models, string? mycelNode, TimeSpan took)
    {
        _device.PollFailures = 0;
        _device.PollError = null;
        _device.LatencyMilliseconds = took.TotalMilliseconds;
        _device.MycelNode = mycelNode;
        if (_device.IsOnline && models.SequenceEqual(_device.Models)) return;
        _device.Models = models;
        _device.IsOnline = true;
        _changed(_device);
    }

    private void Failed(string error)
    {
        _device.PollFailures++;
        _device.PollError = error;
        // A device may miss a reading and still answer: its models stay until it missed several in a row.
        var isWithdrawn = _device.IsOnline && _device.PollFailures >= _options.Current.Relay.WithdrawAfter;
        var wasNeverThere = !_device.IsOnline && _device.PollFailures == 1;
        if (!isWithdrawn && !wasNeverThere) return;
        _device.IsOnline = false;
        _changed(_device);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await _polling.WaitAsync();
        _isStopped = true;
        _polling.Release();
        _device.Dispose();
        _stop.Dispose();
    }
}
