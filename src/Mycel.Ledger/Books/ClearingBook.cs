using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>
/// Clears for networks: checks settled receipts from the beginning, posts each once, and says how accounts stand. Several nodes may do so on one store.
/// Safe for use from many threads.
/// </summary>
public sealed class ClearingBook
{
    /// <summary>Most receipts in a submission.</summary>
    public const int MaxReceipts = 256;

    private readonly BookContext _context;
    private readonly FraudBook _fraud;
    private readonly Func<NetworkId, AccountId, MemberTerms?> _terms;
    private readonly ClearingOptions _options;
    private readonly Func<NetworkId, AppointmentProof?> _authority;

    // Balances never reach this: a receipt that may not be posted any more is only looked for.
    private const long LookOnly = -long.MaxValue;

    // Digests of receipts whose signatures held: the other side usually submits the same, and what waits comes again.
    private readonly GenerationCache<OrderId, byte[]> _checked;

    // Its own: members submit certificates of strangers at will, and those that requests come with are not to be forgotten for them.
    private readonly StatementCache _certificates = new();

    // Results without an entry: each costs this node work, and its submitter nothing.
    private readonly WindowCounter<AccountId> _fruitless;

    // New entries of payers: the ledger is never deleted from, so that nobody may fill it at will.
    private readonly WindowCounter<(NetworkId Network, AccountId Payer)> _entries;

    /// <summary>Opens the book.</summary>
    /// <param name="context">What all books share.</param>
    /// <param name="fraud">Accounts whose fraud is proved.</param>
    /// <param name="terms">What an account may in a network, as its membership says that the node knows, with the line that it really has; null where it knows none.</param>
    /// <param name="options">How it clears; null for the defaults.</param>
    /// <param name="authority">The node's appointment in a network; null where it is of the root account.</param>
    public ClearingBook(
        BookContext context, FraudBook fraud, Func<NetworkId, AccountId, MemberTerms?> terms, ClearingOptions? options = null, Func<NetworkId, AppointmentProof?>? authority = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        _fraud = fraud;
        _terms = terms;
        _options = options ?? new ClearingOptions();
        _authority = authority ?? (static _ => null);
        _checked = new GenerationCache<OrderId, byte[]>(_options.MaxKnown);
        _entries = new WindowCounter<(NetworkId, AccountId)>(context.Time, TimeSpan.FromHours(1), _options.MaxEntriesPerHour);
        _fruitless = new WindowCounter<AccountId>(context.Time, TimeSpan.FromMinutes(1), _options.MaxFruitlessPerMinute);
    }

    /// <summary>Posts receipts, each once, and answers for each. What it says of them is on disk when it says it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="member">Who submits, as the link proved it: the payer or the provider of each receipt.</param>
    /// <param name="receipts">Serialized <c>SettledReceipt</c>s, at most <see cref="MaxReceipts"/>; none to get a standing alone.</param>
    /// <param name="knownProofs">How many proofs of this network the submitter has.</param>
    /// <param name="knownEntries">How many entries the ledger has by the submitter's latest standing; 0 for none.</param>
    /// <param name="cancellation">Gives up before anything is posted.</param>
    /// <exception cref="LedgerException">The database failed; what was not answered may or may not be posted, and can be submitted again.</exception>
    public async Task<ClearingReply> SubmitAsync(
        NetworkId network,
        DeviceCertificate member,
        IReadOnlyList<ReadOnlyMemory<byte>> receipts,
        long knownProofs = 0,
        long knownEntries = 0,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(member);
        ArgumentNullException.ThrowIfNull(receipts);
        var terms = new KnownTerms(network, _terms);
        if (terms.Of(member.AccountId) is null) return Refuse(ClearingRules.NoMember);
        if (receipts.Count > MaxReceipts) return Refuse(ClearingRules.TooMany(receipts.Count));
        if (_fruitless.IsSpent(member.AccountId)) return Refuse(ClearingRules.Busy);
        var results = new ClearingResult[receipts.Count];
        var checkedOnes = new List<(int Index, Checked Checked)>();
        for (int i = 0; i < receipts.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            results[i] = Look(terms, member.AccountId, receipts[i], out Checked? good);
            if (good is not null) checkedOnes.Add((i, good));
        }

        PostingResult last = default;
        if (checkedOnes.Count > 0)
        {
            IReadOnlyList<PostingResult> posted = await _context.Store.PostAsync([.. checkedOnes.Select(one => one.Checked.Transfer)], CancellationToken.None);
            for (int i = 0; i < posted.Count; i++) results[checkedOnes[i].Index] = await ResultAsync(checkedOnes[i].Checked, posted[i]);
            last = posted.MaxBy(one => one.Entry);
        }

        _fruitless.Add(member.AccountId, results.Count(static result => result.Outcome is ClearingOutcome.Waiting or ClearingOutcome.Refused));
        StandingProof standing = await StandingAsync(network, member.AccountKey.ToArray(), CancellationToken.None);
        await RecallAsync(network, results, last);
        ReadOnlyMemory<byte> knownHead = await _context.Store.HashAsync(network, Math.Max(0, knownEntries), CancellationToken.None) ?? default;
        long skip = Math.Max(0, knownProofs);
        IReadOnlyList<ReadOnlyMemory<byte>> proofs = await _context.Store.ProofsAsync(network, skip, CancellationToken.None);
        return new ClearingReply(results, standing.Bytes, proofs, skip + proofs.Count, knownHead);
    }

    /// <summary>Signs how an account stands.</summary>
    /// <param name="network">The network.</param>
    /// <param name="accountKey">The account's raw key, 32 bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<StandingProof> StandingAsync(NetworkId network, ReadOnlyMemory<byte> accountKey, CancellationToken cancellation = default)
    {
        AccountId account = AccountId.FromPublicKey(accountKey.Span);
        (AccountRecord record, LedgerHead head) = await _context.Store.TakeSequenceAsync(network, account, cancellation);
        Standing standing = Standing.Issue(
            _context.Device, network, accountKey.Span, record with { IsRefused = record.IsRefused || _fraud.IsRefused(network, account) }, LineOf(_terms(network, account)), head, _context.Now, _options.StandingValidity);
        AppointmentProof? authority = _authority(network);
        return StandingProof.Create(standing, _context.Certificate(), authority?.Appointment, authority?.RootCertificate);
    }

    private static ClearingReply Refuse(CreditRefusal refusal) => new([], default, [], 0, default, refusal);

    private static long LineOf(MemberTerms? terms) => Math.Clamp(terms?.CreditLine ?? 0, 0, MicroCredits.Max);

    // Checks one receipt: what to post of it, or what to answer.
    private ClearingResult Look(KnownTerms terms, AccountId member, ReadOnlyMemory<byte> bytes, out Checked? good)
    {
        good = null;
        OrderId id = default;
        try
        {
            SettledReceipt settled = SettledReceipt.Parse(bytes.Span);
            id = settled.Id;
            Order order = settled.Order;
            if (settled.Receipt is null || settled.Countersignature is null) return Refused(id, "The receipt is not settled: a signature is missing.");
            if (order.Network != terms.Network) return Refused(id, "The receipt is of another network.");
            if (order.Prices.IsFree) return Refused(id, ClearingRules.Free);
            if (order.Payer != member && order.Provider != member) return Refused(id, "The receipt is of two other accounts; only the payer or the provider may submit it.");
            // As this library writes it, and without what else was put in: it is kept for ever.
            settled = SettledReceipt.Create(order, settled.Receipt, settled.Countersignature, settled.PayerCertificate, settled.ProviderCertificate);
            byte[] digest = SHA256.HashData(settled.Bytes.Span);
            bool isVerified = _checked.TryGet(id, out byte[]? before) && before.AsSpan().SequenceEqual(digest);
            // What is never posted is only looked for: its signatures, which cost far more than that, do not matter. What waits is good, and checked once.
            ClearingResult? obstacle = ObstacleOf(settled, terms);
            if (!isVerified && obstacle is not { Outcome: ClearingOutcome.Refused })
            {
                settled.Verify(_certificates);
                _checked.Add(id, digest);
                isVerified = true;
            }

            if (obstacle is null && settled.Countersignature!.Amount == 0) obstacle = new ClearingResult(id, ClearingOutcome.Nothing, 0);
            if (obstacle is null && !_entries.TryTake((order.Network, order.Payer))) obstacle = Waits(id, ClearingRules.TooManyEntries);
            long line = obstacle is null ? LineOf(terms.Of(order.Payer)) : LookOnly;
            good = new Checked(settled, isVerified, obstacle, new Transfer(order.Network, id, order.Payer, order.Provider, settled.Countersignature!.Amount, line, settled.Bytes));
            return Waits(id, "");
        }
        catch (StatementException invalid)
        {
            return Refused(id, invalid.Message);
        }
    }

    // Why a receipt is not posted, be it good; it may have been posted before.
    private ClearingResult? ObstacleOf(SettledReceipt settled, KnownTerms terms)
    {
        Order order = settled.Order;
        if (_fraud.IsRefused(order.Network, order.Payer) || _fraud.IsRefused(order.Network, order.Provider)) return Refused(settled.Id, ClearingRules.Fraud);
        if (_options.IsRevoked(order.Payer, order.PayerDevice)) return Refused(settled.Id, ClearingRules.Revoked);
        if (terms.Of(order.Payer) is null) return Waits(settled.Id, ClearingRules.UnknownPayer);
        if (terms.Of(order.Provider) is null) return Waits(settled.Id, ClearingRules.UnknownProvider);
        return CheckTimes(settled);
    }

    // What lies in the future comes to be in the past by itself, be it this node's clock that is wrong or another's: only age is for good.
    private ClearingResult? CheckTimes(SettledReceipt settled)
    {
        DateTimeOffset now = _context.Now;
        if (settled.Receipt!.FinishedAt > now + Form.ClockSkew || settled.Order.IssuedAt > now + Form.ClockSkew) return Waits(settled.Id, ClearingRules.Future);
        return settled.Receipt.FinishedAt < now - _options.MaxAge ? Refused(settled.Id, $"The receipt's work is older than {_options.MaxAge.TotalDays:0} days.") : null;
    }

    private async Task<ClearingResult> ResultAsync(Checked one, PostingResult posted)
    {
        SettledReceipt settled = one.Settled;
        if (one.Obstacle is null && posted.Outcome != PostingOutcome.Posted) _entries.GiveBack((settled.Order.Network, settled.Order.Payer));
        switch (posted.Outcome)
        {
            case PostingOutcome.Posted or PostingOutcome.Known:
                return new ClearingResult(settled.Id, posted.Outcome == PostingOutcome.Posted ? ClearingOutcome.Posted : ClearingOutcome.Known, posted.Entry);
            case PostingOutcome.Waiting:
                return one.Obstacle ?? Waits(settled.Id, ClearingRules.LineReached);
            case PostingOutcome.Conflict:
                return await ConflictAsync(one, posted);
            default:
                return Refused(settled.Id, ClearingRules.Fraud);
        }
    }

    // Another settled receipt has this id. It may say the same with other certificates or at another moment; else one of the two has signed two things.
    private async Task<ClearingResult> ConflictAsync(Checked one, PostingResult posted)
    {
        SettledReceipt settled = one.Settled;
        SettledReceipt existing = SettledReceipt.Parse(posted.Existing.Span);
        if (SaysTheSame(existing, settled)) return new ClearingResult(settled.Id, ClearingOutcome.Known, posted.Entry);
        try
        {
            if (!one.IsVerified) settled.Verify(_certificates);
        }
        catch (StatementException invalid)
        {
            return Refused(settled.Id, invalid.Message);
        }

        EquivocationProof? proof = !existing.Order.Hash.SequenceEqual(settled.Order.Hash)
            ? EquivocationProof.Of(existing.Order, settled.Order, settled.PayerCertificate)
            : !existing.Receipt!.Hash.SequenceEqual(settled.Receipt!.Hash)
                ? EquivocationProof.Of(existing.Receipt, settled.Receipt, settled.ProviderCertificate)
                : EquivocationProof.Of(existing.Countersignature!, settled.Countersignature!, settled.PayerCertificate);
        await _fraud.ConvictAsync(settled.Order.Network, proof);
        return Refused(settled.Id, ClearingRules.Conflict);
    }

    // A ledger that was restored from a backup meanwhile has not what was posted: its chain does not go through the last entry any more. The standing was
    // taken before the question, so that whoever gets it finds the same out at its next submission, if the ledger is set back only now.
    private async Task RecallAsync(NetworkId network, ClearingResult[] results, PostingResult last)
    {
        if (last.Entry == 0) return;
        ReadOnlyMemory<byte>? hash = await _context.Store.HashAsync(network, last.Entry, CancellationToken.None);
        if (hash is { } now && now.Span.SequenceEqual(last.Hash.Span)) return;
        for (int i = 0; i < results.Length; i++)
        {
            if (results[i].Entry > 0) results[i] = Waits(results[i].Id, ClearingRules.WentBack);
        }
    }

    // Without when it was countersigned and with which certificates.
    private static bool SaysTheSame(SettledReceipt one, SettledReceipt other)
        => one.Order.Hash.SequenceEqual(other.Order.Hash) && one.Receipt!.Hash.SequenceEqual(other.Receipt!.Hash) && one.Countersignature!.Agrees(other.Countersignature!);

    private static ClearingResult Refused(OrderId id, string reason) => new(id, ClearingOutcome.Refused, 0, reason);

    private static ClearingResult Waits(OrderId id, string reason) => new(id, ClearingOutcome.Waiting, 0, reason);

    private sealed record Checked(SettledReceipt Settled, bool IsVerified, ClearingResult? Obstacle, Transfer Transfer);

    // One submission names the same few accounts again and again.
    private sealed class KnownTerms(NetworkId network, Func<NetworkId, AccountId, MemberTerms?> terms)
    {
        private readonly Dictionary<AccountId, MemberTerms?> _known = [];

        public NetworkId Network => network;

        public MemberTerms? Of(AccountId account)
        {
            if (!_known.TryGetValue(account, out MemberTerms? found)) _known[account] = found = terms(network, account);
            return found;
        }
    }
}
