using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>Closes links with those that prove nothing: they may redeem an invite, and have a while for that.</summary>
internal sealed class Strangers
{
    /// <summary>How long a stranger stays linked.</summary>
    public static readonly TimeSpan Stay = TimeSpan.FromSeconds(30);

    /// <summary>Strangers that dialled this node, at once; the one that has been here longest makes way.</summary>
    public const int Max = 64;

    private readonly PeerBook _peers;
    private readonly ILinks _links;
    private readonly TimeProvider _time;
    private readonly ILogger<Strangers> _log;
    private readonly Lock _gate = new();
    private Dictionary<Link, DateTimeOffset> _since = [];

    public Strangers(PeerBook peers, ILinks links, TimeProvider time, ILogger<Strangers> log)
    {
        _peers = peers;
        _links = links;
        _time = time;
        _log = log;
    }

    /// <summary>Looks who is a stranger now, and closes what must be; called every second and for each link that comes in.</summary>
    public void Sweep()
    {
        List<Link> closing;
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            var since = new Dictionary<Link, DateTimeOffset>();
            foreach (var link in _links.All.Where(link => _peers.StandingOf(link.Id, out _) is null))
                since[link] = _since.GetValueOrDefault(link, now);
            var surplus = since.Where(pair => !pair.Key.IsDialled).OrderByDescending(pair => pair.Value).Skip(Max).Select(pair => pair.Key);
            closing = [.. since.Where(pair => now - pair.Value >= Stay).Select(pair => pair.Key).Union(surplus)];
            _since = since;
        }

        foreach (var link in closing)
        {
            NetworkLog.StrangerClosed(_log, link.Id);
            _ = _links.CloseAsync(link.Id, "no network in common");
        }
    }
}
