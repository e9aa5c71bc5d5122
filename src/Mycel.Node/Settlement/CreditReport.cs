using Mycel.Identity;
using Mycel.Ledger.Storage;
using Mycel.Node.Networks;

namespace Mycel.Node.Settlement;

/// <summary>What one network's books say, as people are shown it; amounts in micro-credits.</summary>
/// <param name="Network">The network.</param>
/// <param name="Name">Its name.</param>
/// <param name="Balance">Of the account, as the network's ledger said last; 0 before it said anything.</param>
/// <param name="Line">What the account may owe.</param>
/// <param name="Available">What can be ordered now.</param>
/// <param name="Reserved">The most that requests under way may cost.</param>
/// <param name="Earned">Earned by this node, and in the balance.</param>
/// <param name="Used">Used by this node, and in the balance.</param>
/// <param name="EarnedPending">Earned by this node, and not in the balance yet.</param>
/// <param name="UsedPending">Used by this node, and not in the balance yet.</param>
/// <param name="IsRefused">Whether fraud of the account was proved.</param>
/// <param name="StandingAt">When the network's ledger said the balance; null for never.</param>
/// <param name="ClearsHere">Whether this node keeps the network's ledger.</param>
/// <param name="IsLedgerReached">Whether it is here, or a node that keeps it is linked.</param>
/// <param name="Tabs">What there is with each other account.</param>
internal sealed record NetworkCredit(
    NetworkId Network, string Name, long Balance, long Line, long Available, long Reserved, long Earned, long Used, long EarnedPending, long UsedPending, bool IsRefused,
    DateTimeOffset? StandingAt, bool ClearsHere, bool IsLedgerReached, IReadOnlyList<CreditTab> Tabs)
{
    /// <summary>What that means.</summary>
    public string Sentence => CreditSentence.Of(Balance, Line, Earned, Used);
}

/// <summary>What there is with one other account; amounts in micro-credits.</summary>
/// <param name="Account">The account.</param>
/// <param name="Names">Names of its nodes, as far as they are known.</param>
/// <param name="Earned">What it paid.</param>
/// <param name="Used">What it was paid.</param>
/// <param name="EarnedPending">What it has not paid for certain.</param>
/// <param name="UsedPending">What it was not paid for certain.</param>
internal sealed record CreditTab(AccountId Account, IReadOnlyList<string> Names, long Earned, long Used, long EarnedPending, long UsedPending);

/// <summary>Reads the books for people.</summary>
internal sealed class CreditReport(CreditRoom room, ClearingRound clearing, NetworkRegistry networks, ClearingPlaces places, MemberLines lines, IPeerBook peers)
{
    /// <summary>Every network of this node.</summary>
    public async Task<IReadOnlyList<NetworkCredit>> ReadAsync(CancellationToken cancellation)
    {
        var all = new List<NetworkCredit>();
        foreach (var network in networks.Joined) all.Add(await ReadAsync(network.Charter.Id, network.Charter.Name, cancellation));
        return all;
    }

    /// <summary>The sentences of all networks; of one alone its own.</summary>
    public static string SentenceOf(IReadOnlyList<NetworkCredit> all) => all.Count switch
    {
        0 => CreditSentence.NoNetwork,
        1 => all[0].Sentence,
        _ => string.Join(' ', all.Select(network => $"In {network.Name}: {network.Sentence}")),
    };

    private async Task<NetworkCredit> ReadAsync(NetworkId id, string name, CancellationToken cancellation)
    {
        var isReached = places.Keeps(id) || places.Elsewhere(id).Count > 0;
        if (await room.ReadyAsync(cancellation) is not { } books) return new NetworkCredit(id, name, 0, lines.OwnLine(id), 0, 0, 0, 0, 0, 0, false, null, places.Keeps(id), isReached, []);
        await clearing.FirstAsync(cancellation);
        // The standing first: what is posted meanwhile is then in the sums, and shows as pending for a moment at most.
        var standing = books.Standings.Own(id);
        var (available, reserved) = (books.Payer.Available(id), books.Payer.Reserved(id));
        var sums = await books.Store.SumAsync(new ReceiptQuery { Network = id }, cancellation);
        var tabs = sums.GroupBy(sum => sum.Account).Select(group => TabOf(group.Key, [.. group])).OrderByDescending(tab => tab.Earned + tab.Used + tab.EarnedPending + tab.UsedPending).ToList();
        return new NetworkCredit(
            id, name, standing?.Balance ?? 0, books.Standings.OwnLine(id), available, reserved,
            tabs.Sum(tab => tab.Earned), tabs.Sum(tab => tab.Used), tabs.Sum(tab => tab.EarnedPending), tabs.Sum(tab => tab.UsedPending),
            standing?.IsRefused ?? false, standing?.IssuedAt, places.Keeps(id), isReached, tabs);
    }

    private CreditTab TabOf(AccountId account, IReadOnlyList<ReceiptSum> sums)
    {
        var names = peers.All.Where(peer => peer.Account == account).Select(peer => peer.Name).ToList();
        return new CreditTab(
            account, names, Sum(ReceiptSide.Earned, IsPosted), Sum(ReceiptSide.Paid, IsPosted), Sum(ReceiptSide.Earned, state => state == ReceiptState.Receipted || IsPending(state)), Sum(ReceiptSide.Paid, IsPending));

        long Sum(ReceiptSide side, Func<ReceiptState, bool> isIn) => sums.Where(sum => sum.Side == side && isIn(sum.State)).Sum(sum => sum.Amount);
    }

    private static bool IsPosted(ReceiptState state) => state == ReceiptState.Posted;

    // What is paid and not signed yet is reserved, and may come to less.
    private static bool IsPending(ReceiptState state) => state is ReceiptState.Countersigned or ReceiptState.Acknowledged or ReceiptState.Waiting;
}
