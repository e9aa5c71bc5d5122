using System.Collections.Concurrent;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;

namespace Mycel.Node.Settlement;

/// <summary>What members may owe: by the memberships that they showed, or that others passed on. Safe for use from several threads.</summary>
internal sealed class MemberLines(NodeIdentity identity, NetworkRegistry networks, PeerBook peers, InviteBook invites, RevocationBook revocations, AppointmentBook appointments, IOptionsSource options, TimeProvider time)
{
    /// <summary>Members remembered; beyond, those that came first are forgotten.</summary>
    public const int MaxRemembered = 4096;

    private readonly ConcurrentDictionary<(NetworkId Network, AccountId Account), Membership> _known = new();
    private readonly ConcurrentQueue<(NetworkId, AccountId)> _order = new();

    /// <summary>What the own account may owe in a network while no standing says it; micro-credits.</summary>
    public long OwnLine(NetworkId network) =>
        networks.Joined.FirstOrDefault(n => n.Charter.Id == network) is not { } joined ? 0
        : joined.Membership is { } membership ? Bounded(membership.Terms.CreditLine) : options.Current.Credit.Line;

    /// <summary>The terms of a member, as the clearing of a network needs them; null for one that is not known to be a member now.</summary>
    public MemberTerms? TermsOf(NetworkId network, AccountId account)
    {
        if (networks.Joined.FirstOrDefault(n => n.Charter.Id == network) is not { } joined) return null;
        var own = identity.Certificate;
        // No membership says what the root may owe: on its own nodes its settings do, on others what it appointed them with.
        if (joined.Charter.RootAccount == account)
            return new MemberTerms { CreditLine = account == own.AccountId ? options.Current.Credit.Line : appointments.Find(network, own.PeerId)?.Appointment.RootLine ?? 0 };
        if (account == own.AccountId) return joined.Terms;
        if (peers.NewestProof(account, network) is { Membership: { } shown }) Remember(shown);
        if (_known.TryGetValue((network, account), out var known) && Holds(known)) return known.Terms with { CreditLine = Bounded(known.Terms.CreditLine) };
        // Whom this node admitted itself, it knows without having seen them since its start.
        var admitted = invites.List().FirstOrDefault(entry => entry.Invite.Network.Id == network && entry.Members.Any(member => member.Account == account));
        return admitted is null ? null : admitted.Invite.Terms with { CreditLine = Bounded(admitted.Invite.Terms.CreditLine) };
    }

    /// <summary>The latest membership of an account that is known, as it was signed; null for none.</summary>
    public ByteString? ProofOf(NetworkId network, AccountId account)
    {
        if (peers.NewestProof(account, network) is { Membership: { } shown }) Remember(shown);
        return _known.TryGetValue((network, account), out var known) ? UnsafeByteOperations.UnsafeWrap(known.ToBytes()) : null;
    }

    /// <summary>Takes a membership that someone passed on, where it holds.</summary>
    /// <exception cref="StatementException">It is damaged, or someone signed who may not.</exception>
    public void Take(NetworkId network, ReadOnlySpan<byte> bytes)
    {
        var membership = Membership.Parse(bytes);
        if (membership.Network == network && networks.Joined.Any(n => n.Charter.Id == network)) Remember(membership);
    }

    private void Remember(Membership membership)
    {
        var key = (membership.Network, membership.Member);
        if (_known.TryGetValue(key, out var known) && known.Sequence >= membership.Sequence) return;
        if (!Holds(membership)) return;
        if (known is null) _order.Enqueue(key);
        _known[key] = membership;
        while (_known.Count > MaxRemembered && _order.TryDequeue(out var first)) _known.TryRemove(first, out _);
    }

    private bool Holds(Membership membership)
    {
        try
        {
            membership.CheckTime(time.GetUtcNow());
        }
        catch (StatementException)
        {
            return false;
        }
        return membership.Issuer is not { } issuer || issuer.Chain().All(device => !revocations.IsRevoked(device.AccountId, device.PeerId));
    }

    private static long Bounded(long line) => Math.Clamp(line, 0, MicroCredits.Max);
}
