using System.Collections.Concurrent;

namespace Mycel.Node.Observability;

/// <summary>What is counted for one model on one route.</summary>
internal sealed class RouteMetrics(string route, string model)
{
    private readonly ConcurrentDictionary<int, StripedCounter> _byStatus = new();
    private readonly StripedCounter _ok = new();

    public string Route { get; } = route;

    public string Model { get; } = model;

    public StripedCounter PromptTokens { get; } = new();

    public StripedCounter CompletionTokens { get; } = new();

    /// <summary>From the request's arrival to the first output.</summary>
    public Histogram TimeToFirstToken { get; } = new();

    /// <summary>Between two events of a stream.</summary>
    public Histogram InterTokenGap { get; } = new();

    /// <summary>From the request's arrival to the end of the reply.</summary>
    public Histogram Duration { get; } = new();

    /// <summary>Requests by status: of the reply, 499 where the caller hung up, 599 where a reply broke off midway.</summary>
    public IEnumerable<(int Status, long Count)> Requests =>
        _byStatus.Select(s => (s.Key, s.Value.Value)).Append((200, _ok.Value)).Where(s => s.Item2 > 0);

    public void CountRequest(int status)
    {
        if (status == 200) _ok.Increment();
        else _byStatus.GetOrAdd(status, static _ => new StripedCounter()).Increment();
    }
}
