using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Configuration;

namespace Mycel.Node.Networks;

/// <summary>Which nodes keep the ledger of which network: this one, and others as their records say. Safe for use from several threads.</summary>
internal sealed class ClearingPlaces(NodeIdentity identity, PeerBook peers, IOptionsSource options)
{
    /// <summary>The networks whose ledger this node keeps.</summary>
    public IReadOnlyList<NetworkId> Here => [.. peers.Networks.All.Where(IsHere).Select(network => network.Charter.Id)];

    /// <summary>Whether this node keeps a network's ledger.</summary>
    public bool Keeps(NetworkId network) => peers.Networks.Find(network) is { } known && IsHere(known);

    /// <summary>The linked peers that say they keep a network's ledger; their standings prove it.</summary>
    public IReadOnlyList<PeerId> Elsewhere(NetworkId network)
    {
        var id = WireIds.Of(network.Hash);
        return [.. peers.All.Where(peer => peer.IsGreeted && peer.Networks.Contains(network) && peer.Record is { } record && record.Clears.Contains(id)).Select(peer => peer.Id)];
    }

    private bool IsHere(JoinedNetwork network)
    {
        var certificate = identity.Certificate;
        if (network.Charter.RootAccount != certificate.AccountId || !certificate.Roles.HasFlag(DeviceRoles.Manage)) return false;
        return options.Current.Credit.Clearing switch
        {
            "on" => true,
            "off" => false,
            // The node that founded a network was told of no other to find it by.
            _ => network.Membership is null && network.Nodes.Count == 0,
        };
    }
}
