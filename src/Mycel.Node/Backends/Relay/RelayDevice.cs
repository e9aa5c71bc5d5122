using System.Text;

namespace Mycel.Node.Backends.Relay;

/// <summary>One OpenAI-compatible server that this node fronts.</summary>
internal sealed class RelayDevice : Backend, IDisposable
{
    private readonly byte[][] _requestPrefixes;
    private int _maxConcurrent;
    private volatile IReadOnlyList<string> _models = [];

    /// <param name="name">Short name, unique in the node.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="source">Where it was named: flag, env, file or api.</param>
    /// <param name="maxConcurrent">Requests in flight at once.</param>
    /// <param name="apiKey">The key it wants, or null.</param>
    /// <param name="time">The clock.</param>
    public RelayDevice(string name, DeviceAddress address, string source, int maxConcurrent, string? apiKey, TimeProvider time)
        : base("relay:" + name, time)
    {
        Name = name;
        Address = address;
        Source = source;
        _maxConcurrent = maxConcurrent;
        ApiKey = apiKey;
        Connections = new ConnectionPool(address);
        _requestPrefixes = [.. Enum.GetValues<InferenceKind>().Select(RequestPrefix)];
    }

    public string Name { get; }

    public DeviceAddress Address { get; }

    public string Source { get; }

    public override int MaxConcurrent => Volatile.Read(ref _maxConcurrent);

    /// <summary>The key it wants. Goes to this device and nowhere else.</summary>
    public string? ApiKey { get; }

    public ConnectionPool Connections { get; }

    /// <summary>The models it listed last, as it calls them.</summary>
    public IReadOnlyList<string> Models
    {
        get => _models;
        set => _models = value;
    }

    /// <summary>Whether its models are announced: it listed them, and has not failed to since too often.</summary>
    public volatile bool IsOnline;

    /// <summary>Set once it refused <c>stream_options</c> and took the same request without.</summary>
    public volatile bool RejectsStreamOptions;

    /// <summary>The latest failure to list models; null when the latest reading went well.</summary>
    public volatile string? PollError;

    /// <summary>The id of the Mycel node behind the address, when it is one.</summary>
    public volatile string? MycelNode;

    /// <summary>When its models were last asked for.</summary>
    public DateTimeOffset? LastPollAt { get; set; }

    /// <summary>Milliseconds the latest reading took.</summary>
    public double? LatencyMilliseconds { get; set; }

    /// <summary>Failed readings in a row.</summary>
    public int PollFailures { get; set; }

    /// <summary>Raised when an answer failed, so that the device is looked at anew.</summary>
    public Action<RelayDevice>? Failed { get; set; }

    /// <summary>Changes the bound on requests in flight.</summary>
    public void SetMaxConcurrent(int value) => Volatile.Write(ref _maxConcurrent, value);

    /// <summary>The request line and the headers that never change, for one kind of request.</summary>
    public ReadOnlyMemory<byte> PrefixFor(InferenceKind kind) => _requestPrefixes[(int)kind];

    public override async ValueTask<AttemptOutcome> AttemptAsync(BackendCall call, Offer offer, IReplySink sink)
    {
        var outcome = await RelayAttempt.RunAsync(this, call, offer, sink);
        switch (outcome.Kind)
        {
            case AttemptKind.Completed or AttemptKind.Rejected:
                Health.RecordSuccess();
                break;
            case AttemptKind.Refused when outcome.Refusal!.Status == 429:
                Health.RecordBusy(double.TryParse(outcome.Refusal.RetryAfter, System.Globalization.CultureInfo.InvariantCulture, out var s) && s is > 0 and < 3600
                    ? TimeSpan.FromSeconds(s) : null);
                break;
            case AttemptKind.Refused when outcome.Refusal!.Status == 404:
                Failed?.Invoke(this);
                break;
            case AttemptKind.Refused or AttemptKind.Broken:
                Health.RecordFailure(outcome.Refusal!.Message);
                Failed?.Invoke(this);
                break;
        }
        return outcome;
    }

    protected override async Task<bool> LookAsync()
    {
        try
        {
            using var connection = await Connections.OpenAsync(TimeSpan.FromSeconds(0.8), CancellationToken.None);
            return true;
        }
        catch (DeviceFaultException)
        {
            return false;
        }
    }

    public void Dispose() => Connections.Dispose();

    private byte[] RequestPrefix(InferenceKind kind)
    {
        var authorization = ApiKey is null ? "" : $"Authorization: Bearer {ApiKey}\r\n";
        return Encoding.UTF8.GetBytes($"POST {Address.PathPrefix}{kind.Path()} HTTP/1.1\r\nHost: {Address.HostHeader}\r\n{authorization}");
    }
}
