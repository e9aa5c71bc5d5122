using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Cli.Top;

/// <summary>What is known of a node that is watched: its latest news, and the load of the past hour.</summary>
internal sealed class TopState
{
    /// <summary>Samples kept: an hour of one each five seconds.</summary>
    private const int MaxSamples = 720;

    private readonly List<LoadReply> _samples = [];
    private TimeSpan _interval = TimeSpan.FromSeconds(5);
    private LoadReply? _before;

    /// <summary>The node; null until it told.</summary>
    public NodeStatusReply? Status { get; private set; }

    /// <summary>The load at the last look.</summary>
    public LoadReply? Load { get; private set; }

    /// <summary>Requests.</summary>
    public RequestListReply Requests { get; private set; } = new();

    /// <summary>Relay devices.</summary>
    public IReadOnlyList<RelayReply> Relays { get; private set; } = [];

    /// <summary>Local models.</summary>
    public IReadOnlyList<LocalModelReply> Models { get; private set; } = [];

    /// <summary>Other nodes.</summary>
    public IReadOnlyList<PeerReply> Peers { get; private set; } = [];

    /// <summary>Why nothing new comes; null while it does.</summary>
    public string? Problem { get; set; }

    /// <summary>Tokens a second between the last two looks.</summary>
    public double TokensPerSecond => _before is { } before && Load is { } load ? Rate(before, load) : 0;

    /// <summary>Time between two of <see cref="Rates"/>.</summary>
    public TimeSpan Interval => _interval;

    /// <summary>Tokens a second in each interval, the oldest first.</summary>
    public IEnumerable<double> Rates => _samples.Zip(_samples.Skip(1), Rate);

    /// <summary>Takes a piece of news; names that this version does not know are passed over.</summary>
    /// <exception cref="JsonException">It has not the form that its name promises.</exception>
    public void Take(string name, string json)
    {
        switch (name)
        {
            case "status": Status = Read(json, ClientJson.Default.NodeStatusReply); break;
            case "requests": Requests = Read(json, ClientJson.Default.RequestListReply); break;
            case "relays": Relays = Read(json, ClientJson.Default.RelayListReply).Relays; break;
            case "models": Models = Read(json, ClientJson.Default.LocalModelListReply).Models; break;
            case "peers": Peers = Read(json, ClientJson.Default.PeerListReply).Peers; break;
            case "history": TakeHistory(Read(json, ClientJson.Default.LoadHistoryReply)); break;
            case "load": TakeLoad(Read(json, ClientJson.Default.LoadReply)); break;
        }
    }

    private void TakeHistory(LoadHistoryReply history)
    {
        _samples.Clear();
        _samples.AddRange(history.Samples.TakeLast(MaxSamples));
        _interval = TimeSpan.FromSeconds(Math.Clamp(history.IntervalS, 1, 3_600));
        // A node that was started anew counts from nothing.
        (_before, Load) = (null, null);
    }

    private void TakeLoad(LoadReply load)
    {
        (_before, Load) = (Load, load);
        if (_samples.Count > 0 && load.At - _samples[^1].At < _interval) return;
        _samples.Add(load);
        if (_samples.Count > MaxSamples) _samples.RemoveAt(0);
    }

    private static double Rate(LoadReply from, LoadReply to) =>
        (to.At - from.At).TotalSeconds is > 0 and var seconds ? Math.Max(0, to.CompletionTokens - from.CompletionTokens) / seconds : 0;

    private static T Read<T>(string json, JsonTypeInfo<T> form) => JsonSerializer.Deserialize(json, form) ?? throw new JsonException("null");
}
