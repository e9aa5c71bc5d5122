using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Ledger.Statements;
using Mycel.Node.Configuration;

namespace Mycel.Node.Networks;

/// <summary>A node that clears for a network, or may.</summary>
/// <param name="Id">The device.</param>
/// <param name="Account">Its account; null where nothing but its appointment is known of it.</param>
/// <param name="Name">The device's name; empty likewise.</param>
/// <param name="IsThis">Whether it is this node.</param>
/// <param name="IsRoot">Whether it is of the root account, and needs no appointment.</param>
/// <param name="IsLinked">Whether it is linked now.</param>
/// <param name="Clears">Whether it does: this node by its settings, others by what their records say.</param>
/// <param name="Until">When its appointment ends; null for never.</param>
internal sealed record ClearingNode(PeerId Id, AccountId? Account, string Name, bool IsThis, bool IsRoot, bool IsLinked, bool Clears, DateTimeOffset? Until);

/// <summary>Appoints nodes of other accounts to clear for the own network, and takes it back.</summary>
internal sealed class Appointments(NodeIdentity identity, AppointmentBook book, ClearingPlaces places, PeerBook peers, IOptionsSource options, TimeProvider time)
{
    /// <summary>Fewest characters of an id that name a node.</summary>
    public const int MinIdPrefix = 4;

    /// <summary>Appoints a node. Who is appointed already is so anew, from now on.</summary>
    /// <param name="network">The own network.</param>
    /// <param name="node">Name of the node, or how its id begins.</param>
    /// <param name="validity">How long it lasts, up to <see cref="Appointment.MaxValidity"/>.</param>
    /// <exception cref="NetworkException">This node may not, does not know the other, or keeps a ledger that no other can keep too.</exception>
    public ClearingNode Appoint(JoinedNetwork network, string node, TimeSpan validity)
    {
        CheckRight(network);
        if (places.Keeps(network.Charter.Id) && options.Current.Ledger.Postgres.Length == 0)
        {
            throw new NetworkException(
                409, "ledger_not_shared",
                "This node keeps the network's ledger in a file that no other node can use. Move it to a PostgreSQL that both reach (ledger.postgres), or hand it over: set credit.clearing to off here, restart, and appoint the other then.");
        }

        var peer = FindPeer(network, node);
        var rootLine = Math.Clamp(options.Current.Credit.Line, 0, MicroCredits.Max);
        Publish(() => Appointment.Issue(identity.Device, network.Charter.RootKey, KeyOf(peer), Next(network, peer.Id), validity, rootLine));
        return places.Clearing(network).First(found => found.Id == peer.Id);
    }

    /// <summary>Takes a node's appointment back: whoever hears of it believes its standings no more.</summary>
    /// <param name="network">The own network.</param>
    /// <param name="node">Name of the node, or how its id begins.</param>
    /// <exception cref="NetworkException">This node may not, or none of that name is appointed.</exception>
    public ClearingNode Dismiss(JoinedNetwork network, string node)
    {
        CheckRight(network);
        var id = network.Charter.Id;
        var known = Only(places.Clearing(network).Where(found => book.Find(id, found.Id) is not null && IsNamed(node, found.Name, found.Id)), node, "is appointed in the network: mycel network show NAME tells who is");
        var appointed = book.Find(id, known.Id)!.Appointment;
        Publish(() => Appointment.Dismiss(identity.Device, network.Charter.RootKey, appointed.DeviceKeyBytes, Next(network, known.Id)));
        return known with { Clears = false, Until = null };
    }

    private void CheckRight(JoinedNetwork network)
    {
        var certificate = identity.Certificate;
        if (network.Charter.RootAccount != certificate.AccountId)
            throw new NetworkException(403, "not_allowed", $"Only the account that founded \"{network.Charter.Name}\" says who keeps its ledger. Ask its owner.");
        if (!certificate.Roles.HasFlag(DeviceRoles.Manage))
            throw new NetworkException(403, "not_allowed", "This device may not manage its account (role \"manage\"), so it appoints nobody. Do it on the device that founded the network.");
    }

    private PeerInfo FindPeer(JoinedNetwork network, string node)
    {
        if (IsNamed(node, identity.Certificate.DeviceName, identity.Device.PeerId) && !peers.All.Any(peer => IsNamed(node, peer.Name, peer.Id)))
            throw new NetworkException(409, "already_clears", "That is this node, which may keep the ledger as it is: credit.clearing says whether it does.");
        return Only(peers.All.Where(peer => peer.Networks.Contains(network.Charter.Id) && IsNamed(node, peer.Name, peer.Id)), node, "is known in the network: mycel peers shows who is");
    }

    private static T Only<T>(IEnumerable<T> found, string node, string otherwise)
        where T : class
    {
        return found.Take(2).ToArray() switch
        {
            [var only] => only,
            [] => throw new NetworkException(404, "node_not_found", $"No node \"{node}\" {otherwise}."),
            _ => throw new NetworkException(409, "node_ambiguous", $"Several nodes are called \"{node}\". Give the beginning of the id of the one you mean: mycel peers --json shows the ids."),
        };
    }

    private static bool IsNamed(string node, string name, PeerId id) =>
        string.Equals(name, node, StringComparison.OrdinalIgnoreCase) || (node.Length >= MinIdPrefix && id.ToString().StartsWith(node, StringComparison.OrdinalIgnoreCase));

    private byte[] KeyOf(PeerInfo peer) => peers.Greeted(peer.Id)?.Peer.Certificate.DeviceKeyBytes.ToArray() ?? peer.Record?.DeviceKey.ToByteArray()
        ?? throw new NetworkException(409, "peer_unreachable", $"Of \"{peer.Name}\" this node has only old news. Wait until the two are linked (mycel peers), then appoint it.");

    /// <summary>Now, but later than what was said of the device before: the clock of another device of the account may be ahead.</summary>
    private DateTimeOffset Next(JoinedNetwork network, PeerId device)
    {
        var now = time.GetUtcNow();
        return book.Latest(network.Charter.Id, device) is { Appointment.NotBefore: var before } && before >= now ? before.AddMilliseconds(1) : now;
    }

    private void Publish(Func<Appointment> make)
    {
        try
        {
            if (!book.Accept(AppointmentProof.Create(make(), identity.Certificate).Bytes.Span))
                throw new NetworkException(409, "too_many_appointments", $"The network has {AppointmentBook.MaxDevices} nodes that are or were appointed, which is the most. Wait until an appointment has ended.");
        }
        catch (StatementException impossible)
        {
            throw new NetworkException(400, "invalid_value", impossible.Message, impossible);
        }
    }
}
