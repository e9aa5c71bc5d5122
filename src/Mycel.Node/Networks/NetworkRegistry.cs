using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>The networks that this node belongs to. Safe for use from several threads.</summary>
internal sealed class NetworkRegistry
{
    /// <summary>Fewest characters of an id that name a network.</summary>
    public const int MinIdPrefix = 4;

    private readonly NodeIdentity _identity;
    private readonly NetworkBook _book;
    private readonly PeerBook _peers;
    private readonly Func<Task> _startLinks;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <param name="identity">Who this node is.</param>
    /// <param name="book">Keeps the networks on the disk.</param>
    /// <param name="peers">Is told of each change.</param>
    /// <param name="startLinks">Has the node listen for links.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IdentityException">A network's file is damaged.</exception>
    public NetworkRegistry(NodeIdentity identity, NetworkBook book, PeerBook peers, Func<Task> startLinks, TimeProvider time)
    {
        _identity = identity;
        _book = book;
        _peers = peers;
        _startLinks = startLinks;
        _time = time;
        _peers.SetNetworks(new JoinedNetworks(book.List()));
    }

    /// <summary>By name.</summary>
    public IReadOnlyList<JoinedNetwork> Joined => _peers.Networks.All;

    /// <summary>A network was created, joined, renewed or left.</summary>
    public event Action? Changed;

    /// <summary>The network of that name (case aside) or with an id that begins so (at least 4 digits); null where there is none, or several.</summary>
    public JoinedNetwork? Find(string nameOrId)
    {
        JoinedNetwork[] named = [.. Joined.Where(network => string.Equals(network.Charter.Name, nameOrId, StringComparison.OrdinalIgnoreCase))];
        if (named.Length > 0) return named.Length == 1 ? named[0] : null;
        if (nameOrId.Length < MinIdPrefix) return null;
        JoinedNetwork[] found = [.. Joined.Where(network => network.Charter.Id.ToString().StartsWith(nameOrId, StringComparison.OrdinalIgnoreCase))];
        return found.Length == 1 ? found[0] : null;
    }

    public JoinedNetwork? Find(NetworkId id) => _peers.Networks.Find(id);

    /// <summary>Whether this node's account founded the network.</summary>
    public bool IsRoot(JoinedNetwork network) => network.Charter.RootAccount == _identity.Certificate.AccountId;

    /// <summary>Founds a network of the own account, and begins to listen.</summary>
    /// <param name="name">1 to 64 characters, unlike those of the other networks.</param>
    /// <param name="isPublic">Whether newcomers are admitted without an invite.</param>
    /// <exception cref="NetworkException">The account has one already, the name is taken or impossible, or the account key is not at hand.</exception>
    public async Task<JoinedNetwork> CreateAsync(string name, bool isPublic)
    {
        var account = _identity.Account ?? throw new NetworkException(
            403, "not_allowed", "A network is founded with the account key, which is encrypted or kept on another device. Create it on the device that has the key, or start the node with the key at hand.");
        JoinedNetwork network;
        lock (_gate)
        {
            if (Joined.FirstOrDefault(IsRoot) is { } own)
                throw new NetworkException(409, "network_exists", $"Your account has founded \"{own.Charter.Name}\" already, and an account founds one network. Invite people to that one, or leave it first: mycel network leave {Quoted(own.Charter.Name)}");
            if (Joined.Any(other => string.Equals(other.Charter.Name, name, StringComparison.OrdinalIgnoreCase)))
                throw new NetworkException(409, "network_exists", $"You are in a network called \"{name}\" already. Choose another name.");
            network = new JoinedNetwork(Charter(account, name, isPublic), null, []);
            Put(network);
        }

        Changed?.Invoke();
        try
        {
            await _startLinks();
        }
        catch (LinkException closed)
        {
            throw new NetworkException(409, "no_address", $"The network was created, but nobody can reach this node: {closed.Message}", closed);
        }

        return network;
    }

    /// <summary>Leaves a network: it is forgotten here, and whoever is linked learns that this node shows it no more.</summary>
    /// <exception cref="NetworkException">This node does not belong to it.</exception>
    public Task LeaveAsync(JoinedNetwork network)
    {
        lock (_gate)
        {
            if (!_book.Remove(network.Charter.Id))
                throw new NetworkException(404, "network_not_found", $"This node does not belong to \"{network.Charter.Name}\". mycel network list shows its networks.");
            Reload();
        }

        Changed?.Invoke();
        return Task.CompletedTask;
    }

    /// <summary>Who is known in a network: this node first, then the others by name.</summary>
    public IReadOnlyList<NetworkMember> Members(NetworkId id)
    {
        if (Find(id) is not { } network) return [];
        var root = network.Charter.RootAccount;
        var certificate = _identity.Certificate;
        var self = new NetworkMember(
            certificate.PeerId, certificate.AccountId, certificate.DeviceName, IsThis: true, IsOwn: true, certificate.AccountId == root, IsLinked: true, network.Terms, network.Membership?.NotBefore, LastSeen: null);
        return [self, .. _peers.All.Where(peer => peer.Networks.Contains(id)).Select(Member)];

        NetworkMember Member(PeerInfo peer)
        {
            var proof = _peers.Greeted(peer.Id)?.Proofs.GetValueOrDefault(id);
            return new NetworkMember(
                peer.Id, peer.Account, peer.Name, IsThis: false, peer.IsOwn, peer.Account == root, peer.IsGreeted, proof?.Terms, proof?.Membership?.NotBefore, peer.LastSeen);
        }
    }

    /// <summary>Keeps a network that was joined, or what is newer of one that is known.</summary>
    /// <exception cref="NetworkException">There are too many.</exception>
    internal JoinedNetwork Keep(JoinedNetwork network)
    {
        lock (_gate) Put(network);
        Changed?.Invoke();
        return Find(network.Charter.Id)!;
    }

    /// <summary>Takes over what a peer showed of a network that this node is in: a newer charter, and, from a device of the own account, a newer membership.</summary>
    internal void Improve(NetworkProof shown, bool isOwnAccount)
    {
        if (Find(shown.Charter.Id) is not { } known) return;
        var membership = isOwnAccount && shown.Membership is { } theirs && theirs.Sequence > (known.Membership?.Sequence ?? 0) ? theirs : known.Membership;
        if (shown.Charter.Sequence <= known.Charter.Sequence && ReferenceEquals(membership, known.Membership)) return;
        Keep(known with { Charter = shown.Charter.Sequence > known.Charter.Sequence ? shown.Charter : known.Charter, Membership = membership });
    }

    private NetworkCharter Charter(AccountKey account, string name, bool isPublic)
    {
        try
        {
            // The time as sequence: a network founded anew, after it was left, replaces the one before everywhere.
            return NetworkCharter.Issue(account, name, isPublic, (ulong)Math.Max(1, _time.GetUtcNow().ToUnixTimeSeconds()));
        }
        catch (StatementException impossible)
        {
            throw new NetworkException(400, "invalid_value", impossible.Message, impossible);
        }
    }

    private void Put(JoinedNetwork network)
    {
        try
        {
            _book.Put(network);
        }
        catch (IdentityException full) when (full is not StatementException)
        {
            throw new NetworkException(409, "too_many_networks", full.Message, full);
        }

        Reload();
    }

    private void Reload() => _peers.SetNetworks(new JoinedNetworks(_book.List()));

    private static string Quoted(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? name : $"'{name}'";
}
