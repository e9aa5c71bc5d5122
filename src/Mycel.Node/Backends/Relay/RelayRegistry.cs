using Mycel.Identity;
using Mycel.Node.Configuration;

namespace Mycel.Node.Backends.Relay;

/// <summary>The relay devices: those named in the settings, and those added while running, which are kept over restarts.</summary>
internal sealed partial class RelayRegistry : IAsyncDisposable
{
    /// <summary>Most devices a node fronts.</summary>
    public const int MaxDevices = 1000;

    private readonly Lock _lock = new();
    private readonly Lock _raising = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly SemaphoreSlim _editing = new(1, 1);
    private readonly Dictionary<string, (RelayDevice Device, DeviceWatch Watch, RelayEntryOptions Entry)> _byUrl = new(StringComparer.Ordinal);
    private readonly IOptionsSource _options;
    private readonly RelayFile _file;
    private readonly RelayKeys _keys;
    private readonly TimeProvider _time;
    private readonly ILogger<RelayRegistry> _logger;
    private readonly string _nodeId;
    private List<RelayEntryOptions> _added = [];

    public RelayRegistry(IOptionsSource options, RelayFile file, RelayKeys keys, NodeId node, TimeProvider time, ILogger<RelayRegistry> logger)
    {
        _options = options;
        _file = file;
        _keys = keys;
        _nodeId = node.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>Raised when a device came or went, or what one offers changed; never twice at once.</summary>
    public event Action? Changed;

    public IReadOnlyList<RelayDevice> Devices
    {
        get
        {
            lock (_lock) return [.. _byUrl.Values.Select(v => v.Device).OrderBy(d => d.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>Takes up the devices of the settings and of the last run.</summary>
    /// <exception cref="InvalidDataException">The file of added relays is damaged.</exception>
    public async Task StartAsync()
    {
        _added = [.. _file.Load()];
        await ApplyAsync();
        _options.Changed += OnOptionsChanged;
    }

    private void OnOptionsChanged(MycelOptions options) => _ = ApplyAsync();

    /// <summary>Brings the set of devices in line with the settings and the added ones.</summary>
    public async Task ApplyAsync()
    {
        await _changing.WaitAsync();
        try
        {
            var wanted = Wanted();
            List<DeviceWatch> gone = [];
            lock (_lock)
            {
                foreach (var (url, known) in _byUrl.ToList())
                {
                    if (wanted.TryGetValue(url, out var entry) && IsSame(known, entry)) continue;
                    gone.Add(known.Watch);
                    _byUrl.Remove(url);
                }
                foreach (var (url, entry) in wanted)
                {
                    if (_byUrl.TryGetValue(url, out var known)) known.Device.SetMaxConcurrent(entry.MaxConcurrent ?? _options.Current.Relay.MaxConcurrent);
                    else Add(url, entry);
                }
            }
            RaiseChanged();
            foreach (var watch in gone) await watch.DisposeAsync();
        }
        finally
        {
            _changing.Release();
        }
    }

    private Dictionary<string, RelayEntryOptions> Wanted()
    {
        var wanted = new Dictionary<string, RelayEntryOptions>(StringComparer.Ordinal);
        foreach (var entry in _options.Current.Relays.Concat(_added))
        {
            if (wanted.Count < MaxDevices) wanted.TryAdd(entry.Url, entry);
        }
        return wanted;
    }

    private bool IsSame((RelayDevice Device, DeviceWatch Watch, RelayEntryOptions Entry) known, RelayEntryOptions entry) =>
        (entry.Name is null || entry.Name == known.Device.Name) && entry.Source == known.Entry.Source && KeyOf(entry.ApiKey) == known.Device.ApiKey;

    private void Add(string url, RelayEntryOptions entry)
    {
        var key = KeyOf(entry.ApiKey);
        if (entry.ApiKey is not null && key is null) LogKeyMissing(url, entry.ApiKey);
        var name = entry.Name ?? RelayUrl.DefaultName(url, n => _byUrl.Values.Any(v => v.Device.Name == n));
        var device = new RelayDevice(name, new DeviceAddress(url), entry.Source, entry.MaxConcurrent ?? _options.Current.Relay.MaxConcurrent, key, _time);
        var watch = new DeviceWatch(device, _options, _nodeId, OnDeviceChanged, _time);
        _byUrl.Add(url, (device, watch, entry));
        watch.Start();
    }

    /// <summary>The key that an entry names. One that cannot be read is like one that is not there: the other devices must not suffer.</summary>
    private string? KeyOf(string? reference)
    {
        try
        {
            return _keys.Resolve(reference);
        }
        catch (IdentityException)
        {
            return null;
        }
    }

    private void OnDeviceChanged(RelayDevice device)
    {
        if (device.IsOnline) LogOnline(device.Name, device.Address.Url, device.Models.Count);
        else LogOffline(device.Name, device.Address.Url, device.PollError ?? "unknown");
        RaiseChanged();
    }

    /// <summary>One after the other, so that whoever listens sees the devices as they are at last, and not an older state after a newer one.</summary>
    private void RaiseChanged()
    {
        lock (_raising) Changed?.Invoke();
    }

    /// <summary>Adds a device while running, after a look whether it is there.</summary>
    /// <returns>The device, or what stands against it, and whether that is another of the same address or name.</returns>
    public async Task<(RelayDevice? Device, string? Error, bool IsThere)> AddAsync(RelayEntryOptions entry, bool force)
    {
        lock (_lock)
        {
            if (_byUrl.ContainsKey(entry.Url)) return (null, $"The relay {entry.Url} is there already.", true);
            if (entry.Name is not null && _byUrl.Values.Any(v => v.Device.Name == entry.Name)) return (null, $"A relay called '{entry.Name}' is there already; choose another name.", true);
            if (_byUrl.Count >= MaxDevices) return (null, $"There are {MaxDevices} relays already, which is the most a node fronts.", true);
        }
        if (!force && await TryReachAsync(entry) is { } problem) return (null, problem, false);
        await EditAsync(added => [.. added.Where(e => e.Url != entry.Url), entry]);
        await RefreshAsync(entry.Url);
        return (FindByUrl(entry.Url), null, false);
    }

    private async Task<string?> TryReachAsync(RelayEntryOptions entry)
    {
        using var device = new RelayDevice("new", new DeviceAddress(entry.Url), entry.Source, 1, KeyOf(entry.ApiKey), _time);
        try
        {
            var connect = TimeSpan.FromSeconds(_options.Current.Relay.ConnectSeconds);
            ModelList.Parse(await DeviceHttp.GetAsync(device, "/v1/models", _nodeId, connect, TimeSpan.FromSeconds(10), CancellationToken.None));
            return null;
        }
        catch (DeviceFaultException fault)
        {
            return $"The relay {entry.Url} was not added: {fault.Message}. Check the address and that the server runs, or add it anyway with force (--force).";
        }
    }

    /// <summary>Removes a device that was added while running.</summary>
    public Task RemoveAsync(RelayDevice device) => EditAsync(added => [.. added.Where(e => e.Url != device.Address.Url)]);

    /// <summary>Changes the added devices, in the file first: what was acknowledged is kept.</summary>
    private async Task EditAsync(Func<List<RelayEntryOptions>, List<RelayEntryOptions>> edit)
    {
        await _editing.WaitAsync();
        try
        {
            var next = edit(_added);
            _file.Save(next);
            _added = next;
        }
        finally
        {
            _editing.Release();
        }
        await ApplyAsync();
    }

    /// <summary>Reads the model list of one device, or of all, now.</summary>
    public async Task RefreshAsync(string? url = null)
    {
        DeviceWatch[] watches;
        lock (_lock) watches = [.. _byUrl.Where(p => url is null || p.Key == url).Select(p => p.Value.Watch)];
        await Task.WhenAll(watches.Select(w => w.PollAsync()));
    }

    /// <summary>The device of this address or name.</summary>
    public RelayDevice? Find(string? url, string? name) =>
        Devices.FirstOrDefault(d => (url is not null && d.Address.Url == url) || (name is not null && d.Name == name));

    private RelayDevice? FindByUrl(string url)
    {
        lock (_lock) return _byUrl.TryGetValue(url, out var known) ? known.Device : null;
    }

    /// <summary>Closes connections that are idle for long, or closed by the device.</summary>
    public void SweepConnections()
    {
        foreach (var device in Devices) device.Connections.Sweep();
    }

    public async ValueTask DisposeAsync()
    {
        _options.Changed -= OnOptionsChanged;
        DeviceWatch[] watches;
        lock (_lock)
        {
            watches = [.. _byUrl.Values.Select(v => v.Watch)];
            _byUrl.Clear();
        }
        foreach (var watch in watches) await watch.DisposeAsync();
        _changing.Dispose();
        _editing.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "relay {Relay} at {Url} is online with {Models} models")]
    private partial void LogOnline(string relay, string url, int models);

    [LoggerMessage(Level = LogLevel.Warning, Message = "relay {Relay} at {Url} is offline: {Reason}")]
    private partial void LogOffline(string relay, string url, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "relay {Url} names the key {Reference}, which does not exist or cannot be read; it is asked without one")]
    private partial void LogKeyMissing(string url, string reference);
}
