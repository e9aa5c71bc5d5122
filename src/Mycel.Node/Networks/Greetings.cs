using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>Makes greetings, and decides what a peer's greeting proves.</summary>
internal sealed class Greetings
{
    /// <summary>Most networks of a greeting.</summary>
    public const int MaxNetworks = 64;

    /// <summary>Most revocation lists of a greeting.</summary>
    public const int MaxRevocations = 64;

    /// <summary>Bytes that networks and revocations of a greeting take at most, so that it fits into a frame; further revocations follow with the records.</summary>
    public const int MaxProofBytes = 176 * 1024;

    /// <summary>Length of what tells one start of a node from the next.</summary>
    public const int InstanceBytes = 16;

    private readonly NodeIdentity _identity;
    private readonly NetworkRegistry _registry;
    private readonly PeerBook _peers;
    private readonly RevocationBook _revocations;
    private readonly OwnRecord _own;
    private readonly TimeProvider _time;
    private readonly ILogger<Greetings> _log;
    private readonly ByteString _instance;

    /// <param name="identity">Who this node is.</param>
    /// <param name="registry">Its networks.</param>
    /// <param name="peers">Where what is proved is kept.</param>
    /// <param name="revocations">Who was cast out.</param>
    /// <param name="own">The own record.</param>
    /// <param name="time">The clock.</param>
    /// <param name="instance">16 random bytes, new at each start.</param>
    /// <param name="log">What does not count is told here.</param>
    public Greetings(
        NodeIdentity identity, NetworkRegistry registry, PeerBook peers, RevocationBook revocations, OwnRecord own, TimeProvider time, byte[] instance, ILogger<Greetings> log)
    {
        _identity = identity;
        _registry = registry;
        _peers = peers;
        _revocations = revocations;
        _own = own;
        _time = time;
        _instance = ByteString.CopyFrom(instance);
        _log = log;
    }

    /// <summary>The greeting of the node that opens the exchange: it shows the networks that it knows the peer from.</summary>
    public Greeting Open(ProvenPeer peer, string observedAddress) => Make(peer, _peers.KnownFrom(peer), observedAddress);

    /// <summary>The answer: it shows the networks that the peer proved to be in, all to a device of the own account, and nothing to a stranger.</summary>
    public Greeting Answer(ProvenPeer peer, string observedAddress)
    {
        if (_peers.StandingOf(peer.PeerId, out _) is not { } standing) return new Greeting();
        return Make(peer, standing.IsOwn ? _registry.Joined : [.. _registry.Joined.Where(network => standing.Networks.ContainsKey(network.Charter.Id))], observedAddress);
    }

    /// <summary>Takes a peer's greeting: proofs and record, then, of a member, revocations.</summary>
    /// <param name="peer">As the handshake proved it.</param>
    /// <param name="greeting">What it sent.</param>
    /// <param name="workedAt">Where this node reached it; empty where the peer dialled.</param>
    /// <param name="isAnswer">Whether it answers this node's own greeting, and so speaks only of the networks that were shown in that.</param>
    /// <param name="shown">Those networks.</param>
    /// <returns>Whether it may ask for anything.</returns>
    /// <exception cref="StatementException">It is out of bounds, or shows someone else's record.</exception>
    public bool Take(ProvenPeer peer, Greeting greeting, string workedAt, bool isAnswer, IReadOnlyList<MemberProof> shown)
    {
        if (greeting.Networks.Count > MaxNetworks || greeting.Revocations.Count > MaxRevocations || greeting.Instance.Length is not (0 or InstanceBytes))
            throw new StatementException("The greeting is out of bounds.");
        var record = greeting.Record.IsEmpty ? null : ReadRecord(peer, greeting.Record);
        var proofs = ReadProofs(peer, greeting.Networks);
        if (isAnswer) KeepUnasked(peer, proofs, shown);
        if (!_peers.Greet(peer, proofs, record, workedAt, isMutual: isAnswer, greeting.Instance.Memory)) return false;

        // Of members only; and then it may be that one of them casts this peer out.
        TakeRevocations(peer, greeting.Revocations);
        return _peers.StandingOf(peer.PeerId, out _) is not null;
    }

    /// <summary>Takes revocation lists that a member sent.</summary>
    /// <param name="from">Who sent them.</param>
    /// <param name="lists">The signed lists.</param>
    /// <exception cref="StatementException">One is damaged or not signed by the account that it names.</exception>
    public void TakeRevocations(ProvenPeer from, IEnumerable<ByteString> lists)
    {
        foreach (var bytes in lists)
        {
            var list = RevocationList.Parse(bytes.Span);
            if (!_revocations.IsKnown(list)) _revocations.Accept(list, _peers.Concerns(list.AccountId) ? null : from.PeerId);
        }
    }

    private Greeting Make(ProvenPeer peer, IReadOnlyList<JoinedNetwork> networks, string observedAddress)
    {
        var greeting = new Greeting { Instance = _instance, ObservedAddress = observedAddress };
        var isOwn = peer.AccountId == _identity.Certificate.AccountId;
        if (networks.Count == 0 && !isOwn) return greeting;
        greeting.Record = _own.Current.Shared;
        var left = MaxProofBytes;
        foreach (var network in networks)
        {
            // An expired membership proves nothing, and only tells where this node was.
            var proof = new MemberProof { Charter = ByteString.CopyFrom(network.Charter.ToBytes()), Membership = network.Membership is { } own ? ByteString.CopyFrom(own.ToBytes()) : ByteString.Empty };
            if (proof.CalculateSize() > left) break;
            left -= proof.CalculateSize();
            greeting.Networks.Add(proof);
        }

        foreach (var list in _revocations.Since(0).Take(MaxRevocations))
        {
            var bytes = ByteString.CopyFrom(list.ToBytes());
            if (bytes.Length > left) continue;
            left -= bytes.Length;
            greeting.Revocations.Add(bytes);
        }

        return greeting;
    }

    private SignedRecord ReadRecord(ProvenPeer peer, ByteString bytes)
    {
        var record = NodeRecords.Read(bytes, _time.GetUtcNow());
        if (record.Id != peer.PeerId || record.Account != peer.AccountId) throw new StatementException("The greeting shows the record of another node.");
        record.Verify();
        return record;
    }

    private Dictionary<NetworkId, NetworkProof> ReadProofs(ProvenPeer peer, IEnumerable<MemberProof> shown)
    {
        var proofs = new Dictionary<NetworkId, NetworkProof>();
        var seen = new HashSet<NetworkId>();
        foreach (var wire in shown)
        {
            // One attempt a network: signatures are what a stranger could keep this node busy with.
            if (NetworkProof.IdOf(wire) is not { } id || _registry.Find(id) is null || !seen.Add(id)) continue;
            try
            {
                var proof = NetworkProof.Read(wire, peer.Certificate.AccountKey);
                proof.Check(_revocations, _time.GetUtcNow());
                _registry.Improve(proof, peer.AccountId == _identity.Certificate.AccountId);
                proofs.Add(id, Newest(peer, id, proof));
            }
            catch (StatementException invalid)
            {
                // What does not count gives nothing; the others may.
                NetworkLog.StatementRefused(_log, peer.PeerId, invalid.Message);
            }
        }

        return proofs;
    }

    /// <summary>Of two memberships of an account the one with the higher sequence counts, whichever of its devices shows it.</summary>
    private NetworkProof Newest(ProvenPeer peer, NetworkId id, NetworkProof shown)
        => _peers.NewestProof(peer.AccountId, id) is { } known && known.Membership?.Sequence > (shown.Membership?.Sequence ?? ulong.MaxValue) ? known : shown;

    /// <summary>What the peer proved before of networks that it was not shown now stays.</summary>
    private void KeepUnasked(ProvenPeer peer, Dictionary<NetworkId, NetworkProof> proofs, IReadOnlyList<MemberProof> shown)
    {
        if (_peers.Greeted(peer.PeerId) is not { } before) return;
        var asked = shown.Select(NetworkProof.IdOf).ToHashSet();
        foreach (var (id, proof) in before.Proofs)
        {
            if (!asked.Contains(id)) proofs.TryAdd(id, proof);
        }
    }
}
