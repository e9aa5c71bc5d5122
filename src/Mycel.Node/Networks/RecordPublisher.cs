using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>Sends this node's record, those of others, revocations and appointments to every peer that greeted. Safe for use from several threads.</summary>
internal sealed class RecordPublisher : IDisposable
{
    private readonly PeerBook _peers;
    private readonly RevocationBook _revocations;
    private readonly AppointmentBook _appointments;
    private readonly OwnRecord _own;
    private readonly TimeProvider _time;
    private readonly ILogger<RecordPublisher> _log;
    private readonly ConcurrentDictionary<PeerId, RecordFeed> _feeds = new();

    public RecordPublisher(PeerBook peers, RevocationBook revocations, AppointmentBook appointments, OwnRecord own, TimeProvider time, ILogger<RecordPublisher> log)
    {
        _peers = peers;
        _revocations = revocations;
        _appointments = appointments;
        _own = own;
        _time = time;
        _log = log;
        own.Changed += SignalAll;
        peers.Revised += SignalAll;
        revocations.Changed += OnRevocation;
        appointments.Changed += SignalAll;
    }

    /// <summary>Begins with a peer that greeted, from the beginning: what it may hear of can have changed.</summary>
    public void Start(Link link)
    {
        var feed = new RecordFeed(link, _peers, _revocations, _appointments, _own, _time, _log);
        _feeds.AddOrUpdate(link.Id, feed, (_, before) =>
        {
            before.Dispose();
            return feed;
        });
        feed.Start();
    }

    /// <summary>Sends a peer nothing more.</summary>
    public void Stop(PeerId peer)
    {
        if (_feeds.TryRemove(peer, out var feed)) feed.Dispose();
    }

    public void Dispose()
    {
        _own.Changed -= SignalAll;
        _peers.Revised -= SignalAll;
        _revocations.Changed -= OnRevocation;
        _appointments.Changed -= SignalAll;
        foreach (var peer in _feeds.Keys) Stop(peer);
    }

    private void OnRevocation(AccountId account) => SignalAll();

    private void SignalAll()
    {
        foreach (var feed in _feeds.Values) feed.Signal();
    }
}
