using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Ledger.Statements;
using Mycel.Node.Configuration;

namespace Mycel.Node.Networks;

/// <summary>Which nodes keep the ledger of which network: this one, and others as their records say, as far as the root account lets them. Safe for use from several threads.</summary>
internal sealed class ClearingPlaces(NodeIdentity identity, PeerBook peers, AppointmentBook appointments, IOptionsSource options)
{
    /// <summary>The networks whose ledger this node keeps.</summary>
    public IReadOnlyList<NetworkId> Here => [.. peers.Networks.All.Where(IsHere).Select(network => network.Charter.Id)];

    /// <summary>Whether this node keeps a network's ledger.</summary>
    public bool Keeps(NetworkId network) => peers.Networks.Find(network) is { } known && IsHere(known);

    /// <summary>What this node's standings are proved by in a network; null where it is of the root account.</summary>
    public AppointmentProof? AuthorityOf(NetworkId network) =>
        peers.Networks.Find(network) is not { } known || IsOfRoot(known) ? null : appointments.Find(network, identity.Device.PeerId);

    /// <summary>The linked peers that say they keep a network's ledger, and may.</summary>
    public IReadOnlyList<PeerId> Elsewhere(NetworkId network)
    {
        if (peers.Networks.Find(network) is not { } known) return [];
        return [.. peers.All.Where(peer => peer.IsGreeted && peer.Networks.Contains(network) && SaysSo(peer, network) && MayClear(known, peer)).Select(peer => peer.Id)];
    }

    /// <summary>Whether a peer says that it keeps the ledger of one of this node's networks, and may.</summary>
    public bool IsPlace(PeerInfo peer) => peer.Record is { Clears.Count: > 0 } && peer.Networks.Any(id => SaysSo(peer, id) && peers.Networks.Find(id) is { } known && MayClear(known, peer));

    /// <summary>Who clears for a network or may, this node first, then those of the root account.</summary>
    public IReadOnlyList<ClearingNode> Clearing(JoinedNetwork network)
    {
        var id = network.Charter.Id;
        var certificate = identity.Certificate;
        var all = new List<ClearingNode>();
        var own = appointments.Find(id, certificate.PeerId);
        if (IsHere(network) || own is not null)
            all.Add(new ClearingNode(certificate.PeerId, certificate.AccountId, certificate.DeviceName, IsThis: true, IsOfRoot(network), IsLinked: true, IsHere(network), UntilOf(own, IsOfRoot(network))));
        foreach (var peer in peers.All.Where(peer => peer.Networks.Contains(id)).OrderByDescending(peer => peer.Account == network.Charter.RootAccount))
        {
            var (isRoot, appointed) = (peer.Account == network.Charter.RootAccount, appointments.Find(id, peer.Id));
            if (appointed is null && !(isRoot && SaysSo(peer, id))) continue;
            all.Add(new ClearingNode(peer.Id, peer.Account, peer.Name, IsThis: false, isRoot, peer.IsGreeted, SaysSo(peer, id), UntilOf(appointed, isNeedless: false)));
        }

        foreach (var unknown in appointments.Of(id).Where(proof => all.All(node => node.Id != proof.Appointment.Device)))
            all.Add(new ClearingNode(unknown.Appointment.Device, null, "", IsThis: false, IsRoot: false, IsLinked: false, Clears: false, unknown.Appointment.NotAfter));
        return all;
    }

    private static DateTimeOffset? UntilOf(AppointmentProof? appointed, bool isNeedless) => isNeedless ? null : appointed?.Appointment.NotAfter;

    private static bool SaysSo(PeerInfo peer, NetworkId network) => peer.Record is { } record && record.Clears.Contains(WireIds.Of(network.Hash));

    private bool MayClear(JoinedNetwork network, PeerInfo peer) => peer.Account == network.Charter.RootAccount || appointments.Find(network.Charter.Id, peer.Id) is not null;

    private bool IsOfRoot(JoinedNetwork network)
    {
        var certificate = identity.Certificate;
        return network.Charter.RootAccount == certificate.AccountId && certificate.Roles.HasFlag(DeviceRoles.Manage);
    }

    private bool IsHere(JoinedNetwork network)
    {
        var setting = options.Current.Credit.Clearing;
        if (setting == "off") return false;
        // The node that founded a network was told of no other to find it by.
        if (IsOfRoot(network) && (setting == "on" || (network.Membership is null && network.Nodes.Count == 0))) return true;
        return appointments.Find(network.Charter.Id, identity.Device.PeerId) is not null;
    }
}
