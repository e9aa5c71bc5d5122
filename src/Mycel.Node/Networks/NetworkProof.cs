using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>What an account showed to prove that it belongs to a network. Immutable; signatures and chain were checked, times and revocations are each time.</summary>
internal sealed class NetworkProof
{
    private readonly (AccountId Account, PeerId Device)[] _chain;

    private NetworkProof(NetworkCharter charter, Membership? membership)
    {
        Charter = charter;
        Membership = membership;
        _chain = membership?.Issuer is { } issuer ? [.. issuer.Chain().Select(device => (device.AccountId, device.PeerId))] : [];
    }

    public NetworkCharter Charter { get; }

    /// <summary>Null where the account is the network's root.</summary>
    public Membership? Membership { get; }

    public MemberTerms Terms => Membership?.Terms ?? MemberTerms.Root;

    /// <summary>The devices that the membership rests on.</summary>
    public IReadOnlyList<(AccountId Account, PeerId Device)> Chain => _chain;

    /// <summary>Reads what a peer shows.</summary>
    /// <exception cref="StatementException">It is damaged, someone signed who may not, or it is another account's.</exception>
    public static NetworkProof Read(MemberProof wire, ReadOnlySpan<byte> accountKey)
    {
        var charter = NetworkCharter.Parse(wire.Charter.Span);
        if (wire.Membership.IsEmpty)
        {
            if (!charter.RootKey.SequenceEqual(accountKey)) throw new StatementException("It shows no membership, and its account is not the network's root.");
            return new NetworkProof(charter, null);
        }

        var membership = Membership.Parse(wire.Membership.Span);
        if (!membership.RootKey.SequenceEqual(charter.RootKey)) throw new StatementException("It shows a membership of another network than the charter's.");
        if (!membership.MemberKey.SequenceEqual(accountKey)) throw new StatementException("It shows the membership of another account.");
        return new NetworkProof(charter, membership);
    }

    /// <summary>Checks that it holds now.</summary>
    /// <exception cref="StatementException">It does not, with the reason.</exception>
    public void Check(RevocationBook revocations, DateTimeOffset now)
    {
        Membership?.CheckTime(now);
        foreach (var (account, device) in _chain)
        {
            if (revocations.IsRevoked(account, device)) throw new StatementException("A device that the membership rests on was cast out by its account.");
        }
    }

    /// <summary>The network's id, of what was not checked yet; null where it cannot be read.</summary>
    public static NetworkId? IdOf(MemberProof wire)
    {
        try
        {
            return NetworkCharter.Parse(wire.Charter.Span).Id;
        }
        catch (StatementException)
        {
            return null;
        }
    }
}
