using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.Node.Networks;

/// <summary>A peer that is linked, and what it proved over the link. Immutable but for what it remembers of its last answer.</summary>
/// <param name="peer">As the handshake proved it.</param>
/// <param name="proofs">The networks that it proved to be in, as far as this node is in them.</param>
/// <param name="at">When it proved that.</param>
/// <param name="instance">Its run, as its greeting names it; empty where it names none.</param>
internal sealed class GreetedPeer(ProvenPeer peer, IReadOnlyDictionary<NetworkId, NetworkProof> proofs, DateTimeOffset at, ReadOnlyMemory<byte> instance = default)
{
    // What the time changes (certificates that end) is looked at this often; revocations and the own networks count at once.
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);

    private Answer? _last;

    public ProvenPeer Peer { get; } = peer;

    public IReadOnlyDictionary<NetworkId, NetworkProof> Proofs { get; } = proofs;

    public DateTimeOffset At { get; } = at;

    /// <summary>Its run, as its greeting names it: 16 bytes, others at each start; empty where it names none.</summary>
    public ReadOnlyMemory<byte> Instance { get; } = instance;

    /// <summary>Whether the peer is known to have read this node's greeting too: before that, it would refuse to be asked.</summary>
    public bool IsMutual { get; set; }

    /// <summary>What it may ask for now; null for nothing, with the reason.</summary>
    public PeerStanding? StandingIn(JoinedNetworks networks, AccountId own, RevocationBook revocations, DateTimeOffset now, out string? whyNot)
    {
        var version = revocations.Version;
        var last = Volatile.Read(ref _last);
        if (last is null || last.Version != version || !ReferenceEquals(last.Networks, networks) || now < last.At || now - last.At > Remembered)
        {
            var standing = Decide(networks, own, revocations, now, out var reason);
            last = new Answer(standing, reason, networks, version, now);
            Volatile.Write(ref _last, last);
        }

        whyNot = last.WhyNot;
        return last.Standing;
    }

    private PeerStanding? Decide(JoinedNetworks networks, AccountId own, RevocationBook revocations, DateTimeOffset now, out string? whyNot)
    {
        whyNot = null;
        if (revocations.IsRevoked(Peer.AccountId, Peer.PeerId))
        {
            whyNot = "The device was cast out by its account.";
            return null;
        }

        try
        {
            Peer.Certificate.CheckTime(now);
        }
        catch (StatementException ended)
        {
            whyNot = ended.Message;
            return null;
        }

        var terms = new Dictionary<NetworkId, MemberTerms>();
        foreach (var (id, proof) in Proofs)
        {
            if (!networks.Contains(id)) continue;
            try
            {
                proof.Check(revocations, now);
                terms.Add(id, proof.Terms);
            }
            catch (StatementException invalid)
            {
                whyNot = invalid.Message;
            }
        }

        var isOwn = Peer.AccountId == own;
        if (!isOwn && terms.Count == 0)
        {
            whyNot ??= "The device proved to be in no network that this node belongs to.";
            return null;
        }

        whyNot = null;
        return new PeerStanding(Peer.AccountId, Peer.Certificate.DeviceName, isOwn, terms);
    }

    private sealed record Answer(PeerStanding? Standing, string? WhyNot, JoinedNetworks Networks, long Version, DateTimeOffset At);
}
