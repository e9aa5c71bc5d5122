using System.Collections.Concurrent;
using System.Net;
using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Discovery;

/// <summary>Carries messages of the table: over the link with a peer where there is one, else as datagrams. Safe for use from several threads.</summary>
internal sealed class TableCarrier : IDhtNetwork, IDisposable
{
    private readonly ConcurrentDictionary<PeerId, LinkLane> _lanes = new();
    private readonly ILinks _links;
    private readonly IPeerBook _peers;
    private readonly TableSocket? _socket;
    private readonly TimeProvider _time;

    /// <param name="links">The links.</param>
    /// <param name="peers">Which of the linked peers take part, and at which port.</param>
    /// <param name="socket">Sends datagrams; null where only links carry.</param>
    /// <param name="time">The clock.</param>
    public TableCarrier(ILinks links, IPeerBook peers, TableSocket? socket, TimeProvider time)
    {
        _links = links;
        _peers = peers;
        _socket = socket;
        _time = time;
        links.Unlinked += OnUnlinked;
    }

    public void Send(DhtContact to, ReadOnlyMemory<byte> message)
    {
        // A link is used where both ends call the peer's address the same: an answer counts only from the address that was asked.
        if (_links.Find(to.Peer) is { } link && PlaceOf(link).Address == to.Address) LaneOf(link).Send(message);
        else _socket?.Send(to, message.Span);
    }

    /// <summary>A linked peer as a contact: its address is the one of the link, with the port that its record names. One that names none is never asked; its place tells it
    /// from others where rates are limited.</summary>
    public DhtContact PlaceOf(Link link)
    {
        var record = _peers.Find(link.Id)?.Record;
        var port = (int)(record?.DhtPort ?? 0);
        var remote = link.RemoteEndPoint ?? FirstOf(record);
        if (remote is null) return new DhtContact(link.Id, UnknownPlace(link.Id));
        var address = DhtAddress.From(new IPEndPoint(remote.Address, port > 0 ? port : remote.Port));
        return new DhtContact(link.Id, address.Reach == DhtReach.Nowhere ? UnknownPlace(link.Id) : address);
    }

    private static IPEndPoint? FirstOf(Links.Wire.NodeRecord? record)
    {
        foreach (var address in record?.Addresses ?? [])
        {
            if (DhtAddress.TryParse(address, out var parsed)) return parsed.ToEndPoint();
        }

        return null;
    }

    /// <summary>Stands for the address of a peer that is linked through a third node and tells none: a unique local one (RFC 4193) made of its id.</summary>
    private static DhtAddress UnknownPlace(PeerId peer) => new(((UInt128)0xFD << 120) | (DhtKey.Of(peer).High >> 8), 1);

    private LinkLane LaneOf(Link link)
    {
        while (true)
        {
            var lane = _lanes.GetOrAdd(link.Id, _ => new LinkLane(link, _time));
            // One made for a link that has just ended would never be told so.
            if (link.Closed.IsCompleted) lane.End();
            if (ReferenceEquals(lane.Link, link)) return lane;
            if (_lanes.TryRemove(KeyValuePair.Create(link.Id, lane))) lane.End();
        }
    }

    private void OnUnlinked(Link link)
    {
        if (_lanes.TryGetValue(link.Id, out var lane) && ReferenceEquals(lane.Link, link) && _lanes.TryRemove(KeyValuePair.Create(link.Id, lane))) lane.End();
    }

    public void Dispose()
    {
        _links.Unlinked -= OnUnlinked;
        foreach (var lane in _lanes.Values) lane.End();
        _socket?.Dispose();
    }
}
