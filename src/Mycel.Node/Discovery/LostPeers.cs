using System.Collections.Concurrent;
using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Discovery;

/// <summary>Looks for peers that are at none of the addresses known of them: in the table, by the records that they publish of themselves.</summary>
internal sealed class LostPeers : IDisposable
{
    /// <summary>Lookups at once; a peer that finds no place is looked for when it is missed again.</summary>
    public const int MaxAtOnce = 4;

    /// <summary>Peers remembered that were looked for.</summary>
    public const int MaxRemembered = 1024;

    /// <summary>How long a peer is not looked for again; twice as long each time, since most that are gone are switched off.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(30);

    /// <summary>The longest of these pauses.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromHours(1);

    private static readonly TimeSpan LookupTime = TimeSpan.FromSeconds(20);

    private readonly PeerTable _table;
    private readonly PeerBook _peers;
    private readonly ILinks _links;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<PeerId, Looked> _looked = new();
    private readonly SemaphoreSlim _places = new(MaxAtOnce);
    private readonly CancellationTokenSource _stop = new();

    public LostPeers(PeerTable table, PeerBook peers, ILinks links, TimeProvider time)
    {
        _table = table;
        _peers = peers;
        _links = links;
        _time = time;
        links.Unreached += OnUnreached;
        links.Linked += OnLinked;
    }

    private sealed record Looked(long At, TimeSpan Pause);

    private void OnLinked(Link link) => _looked.TryRemove(link.Id, out _);

    private void OnUnreached(PeerId peer)
    {
        if (!_table.IsRunning || !IsOfPublicNetwork(peer)) return;
        var before = _looked.GetValueOrDefault(peer);
        if (before is not null && _time.GetElapsedTime(before.At) < before.Pause) return;
        if (before is null && _looked.Count >= MaxRemembered) _looked.TryRemove(_looked.MinBy(pair => pair.Value.At).Key, out _);
        if (!_places.Wait(0)) return;
        _looked[peer] = new Looked(_time.GetTimestamp(), before is null ? FirstPause : before.Pause * 2 < MaxPause ? before.Pause * 2 : MaxPause);
        _ = LookAsync(peer);
    }

    /// <summary>Nothing is published by members of private networks, and nobody else needs to know whom this node misses there.</summary>
    private bool IsOfPublicNetwork(PeerId peer)
        => (_peers.Find(peer)?.Networks.Any(_table.IsPublic) ?? false)
            || _peers.Networks.All.Any(network => network.Charter.IsPublic && network.Nodes.Any(node => node.PeerId == peer));

    private async Task LookAsync(PeerId peer)
    {
        try
        {
            using var limit = new CancellationTokenSource(LookupTime, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
            var result = await _table.FindAsync(DhtKey.Of(peer), found: null, both.Token);
            if (result?.Records.FirstOrDefault(record => record.Publisher == peer) is not { } newest) return;
            string[] addresses = [.. newest.Addresses.Select(address => address.ToString())];
            if (addresses.SequenceEqual(_peers.Found.AddressesOf(peer))) return;
            _peers.Found.Tell(peer, addresses);
            _links.Wake(peer);
        }
        catch (OperationCanceledException)
        {
            // It is missed again soon.
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        _links.Unreached -= OnUnreached;
        _links.Linked -= OnLinked;
        _stop.Cancel();
    }
}
