using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Books;

/// <summary>What came of a standing of one's own.</summary>
public enum StandingNews
{
    /// <summary>It replaces the one before.</summary>
    Taken = 1,

    /// <summary>It is older than the one held; nothing changed.</summary>
    Old = 2,

    /// <summary>It is of another ledger than those before: the network's ledger was lost and begun anew.</summary>
    Replaced = 3,

    /// <summary>The ledger has fewer transfers than it had: it was set back to an earlier state.</summary>
    WentBack = 4,
}

/// <summary>Whether a standing's signer is still let clear, where signatures and times of all its proofs hold: neither revoked nor dismissed since.</summary>
/// <param name="signer">Who signed the standing.</param>
/// <param name="appointment">What lets it clear; null for a device of the root account.</param>
/// <param name="rootDevice">Who signed the appointment; null with it.</param>
public delegate bool ClearingTrust(DeviceCertificate signer, Appointment? appointment, DeviceCertificate? rootDevice);

/// <summary>
/// The standings that a node knows: its own account's, which pins the ledger of each network, and those that others showed it. Safe for use from many threads.
/// </summary>
/// <param name="context">What all books share.</param>
/// <param name="fraud">Accounts whose fraud is proved.</param>
/// <param name="ownLine">What the own account may owe in a network, in micro-credits, while no standing says it.</param>
/// <param name="trust">Whether who signed is still let clear; null for always.</param>
public sealed class Standings(BookContext context, FraudBook fraud, Func<NetworkId, long> ownLine, ClearingTrust? trust = null)
{
    /// <summary>Accounts of others whose latest standing is remembered, at most; twice as many for a moment.</summary>
    public const int MaxOthers = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkId, StandingProof> _own = [];
    private readonly GenerationCache<(NetworkId Network, AccountId Account), StandingProof> _others = new(MaxOthers);

    /// <summary>The own account's latest standing; null for none.</summary>
    public Standing? Own(NetworkId network)
    {
        lock (_lock) return _own.GetValueOrDefault(network)?.Standing;
    }

    /// <summary>The own account's latest <c>StandingProof</c>, to be sent with orders; empty for none.</summary>
    public ReadOnlyMemory<byte> OwnProof(NetworkId network)
    {
        lock (_lock) return _own.GetValueOrDefault(network)?.Bytes ?? default;
    }

    /// <summary>What the own account may owe.</summary>
    public long OwnLine(NetworkId network) => Own(network)?.Line ?? Math.Clamp(ownLine(network), 0, MicroCredits.Max);

    /// <summary>Reads the own standings of the networks from the store; at the start of the node, and when it joins a network.</summary>
    public async Task RestoreAsync(IEnumerable<NetworkId> networks, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(networks);
        AccountId own = context.Certificate().AccountId;
        foreach (NetworkId network in networks)
        {
            if (await context.Store.FindStandingAsync(network, own, cancellation) is not { } bytes) continue;
            StandingProof proof = StandingProof.Parse(bytes.Span);
            lock (_lock) _own[network] = proof;
        }
    }

    /// <summary>Judges a standing of the own account without taking it: a ledger that was replaced or set back must be dealt with first.</summary>
    /// <exception cref="StatementException">It does not hold, or is another account's.</exception>
    internal async Task<(StandingNews News, StandingProof Proof)> JudgeOwnAsync(NetworkId network, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        StandingProof proof = context.Cache.Standing(bytes.Span, network);
        Standing now = proof.Standing;
        if (now.Account != context.Certificate().AccountId) throw new StatementException("The standing is another account's.");
        if (!IsTrusted(network, proof)) throw new StatementException("The standing is signed by a node that may clear for the network no more.");
        if (now.IssuedAt > context.Now + Form.ClockSkew) throw new StatementException("The standing is from the future. Check this machine's clock.");
        StandingProof? held;
        lock (_lock) held = _own.GetValueOrDefault(network);
        if (held is null) return (StandingNews.Taken, proof);
        Standing before = held.Standing;
        if (!now.LedgerId.SequenceEqual(before.LedgerId)) return (StandingNews.Replaced, proof);
        // Whatever sequence a node took that may clear no more, it does not outdo those of the others.
        if (!IsTrusted(network, held)) return (now.Entries < before.Entries ? StandingNews.WentBack : StandingNews.Taken, proof);
        if (now.Sequence == before.Sequence) await fraud.ConvictAsync(network, EquivocationProof.Of(held, proof), cancellation);
        if (now.Sequence <= before.Sequence) return (StandingNews.Old, proof);
        return (now.Entries < before.Entries ? StandingNews.WentBack : StandingNews.Taken, proof);
    }

    /// <summary>Takes a standing of the own account in place of the one before.</summary>
    internal void TakeOwn(NetworkId network, StandingProof proof)
    {
        lock (_lock) _own[network] = proof;
    }

    /// <summary>
    /// What another account can be believed to have: by the standing that it shows, or a newer one that it showed before. Null where there is none that is
    /// not over and of the ledger of the own standing. Signatures are checked once for the same bytes.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="account">Whose it must be.</param>
    /// <param name="bytes">The serialized <c>StandingProof</c>; empty for none.</param>
    /// <param name="convict">A proof of the clearing node's fraud, where it gives itself away by this standing.</param>
    internal Standing? Judge(NetworkId network, AccountId account, ReadOnlyMemory<byte> bytes, out EquivocationProof? convict)
    {
        convict = null;
        _others.TryGet((network, account), out StandingProof? before);
        if (before is not null && !IsTrusted(network, before)) before = null;
        StandingProof? shown = Read(network, account, bytes);
        if (shown is not null && before is not null && shown.Standing.LedgerId.SequenceEqual(before.Standing.LedgerId))
        {
            if (shown.Standing.Sequence == before.Standing.Sequence && !shown.Standing.Hash.SequenceEqual(before.Standing.Hash)) convict = EquivocationProof.Of(before, shown);
            if (convict is not null) return null;
            if (shown.Standing.Sequence < before.Standing.Sequence) shown = null;
        }

        if (shown is not null && IsBelieved(network, shown))
        {
            if (shown != before) _others.Add((network, account), shown);
            return shown.Standing;
        }

        return before is not null && IsBelieved(network, before) ? before.Standing : null;
    }

    private StandingProof? Read(NetworkId network, AccountId account, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty) return null;
        try
        {
            StandingProof proof = context.Cache.Standing(bytes.Span, network);
            return proof.Standing.Account == account && IsTrusted(network, proof) ? proof : null;
        }
        catch (StatementException)
        {
            return null;
        }
    }

    /// <summary>Whether the own standing is one that others believe for who signed it.</summary>
    internal bool IsOwnTrusted(NetworkId network)
    {
        StandingProof? held;
        lock (_lock) held = _own.GetValueOrDefault(network);
        return held is null || IsTrusted(network, held);
    }

    // Whoever signed may have been revoked, dismissed or convicted since the signature was checked.
    private bool IsTrusted(NetworkId network, StandingProof proof)
    {
        DeviceCertificate signer = proof.SignerCertificate(context.Cache);
        return !fraud.IsRefused(network, signer.AccountId) && (trust is null || trust(signer, proof.Appointment, proof.RootCertificate(context.Cache)));
    }

    private bool IsBelieved(NetworkId network, StandingProof proof)
    {
        Standing standing = proof.Standing;
        DateTimeOffset now = context.Now;
        if (standing.ExpiresAt <= now || standing.IssuedAt > now + Form.ClockSkew) return false;
        return Own(network) is not { } own || own.LedgerId.SequenceEqual(standing.LedgerId);
    }
}
