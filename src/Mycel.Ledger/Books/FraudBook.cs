using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>Accounts whose fraud is proved, with the proofs. Safe for use from many threads.</summary>
/// <param name="context">What all books share.</param>
/// <param name="maxAccounts">Most accounts, of all networks together, 1 or more; of proofs beyond, only those that were found here are kept, in the store alone.</param>
/// <param name="maxLearned">Most accounts a day and network that others prove fraud of, 1 or more.</param>
public sealed class FraudBook(BookContext context, int maxAccounts = FraudBook.MaxAccounts, int maxLearned = FraudBook.MaxLearned)
{
    /// <summary>Most accounts unless told otherwise.</summary>
    public const int MaxAccounts = 65_536;

    /// <summary>Most accounts a day and network that others prove fraud of, unless told otherwise: whoever makes accounts can prove fraud of them without end.</summary>
    public const int MaxLearned = 1024;

    private const int PageSize = 64;

    private static readonly TimeSpan LearnsAnew = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<(NetworkId Network, AccountId Account), bool> _refused = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkId, (DateTimeOffset From, int Count)> _learned = [];

    /// <summary>Accounts known to be refused.</summary>
    public int Count => _refused.Count;

    /// <summary>Whether fraud of the account is proved.</summary>
    public bool IsRefused(NetworkId network, AccountId account) => _refused.ContainsKey((network, account));

    /// <summary>Reads the proofs of the networks from the store; at the start of the node, and when it joins a network.</summary>
    public async Task RestoreAsync(IEnumerable<NetworkId> networks, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(networks);
        foreach (NetworkId network in networks)
        {
            for (long skip = 0; ;)
            {
                IReadOnlyList<ReadOnlyMemory<byte>> page = await context.Store.ProofsAsync(network, skip, cancellation);
                foreach (ReadOnlyMemory<byte> proof in page) Remember(network, EquivocationProof.Parse(proof.Span).Verify());
                skip += page.Count;
                if (page.Count < PageSize) break;
            }
        }
    }

    /// <summary>Checks a proof, and refuses its account from now on. Completes when it is on disk.</summary>
    /// <returns>The account, and whether its fraud was not known yet.</returns>
    /// <exception cref="StatementException">It proves nothing.</exception>
    public async Task<(AccountId Account, bool IsNew)> AddAsync(NetworkId network, ReadOnlyMemory<byte> proof, CancellationToken cancellation = default)
    {
        AccountId account = EquivocationProof.Parse(proof.Span).Verify(context.Cache);
        bool isNew = Remember(network, account);
        if (isNew) await context.Store.WriteAsync(new LedgerWrite.Proof(network, account, proof), cancellation);
        return (account, isNew);
    }

    /// <summary>The same for a proof that someone else shows, as far as it is taken: there is a bound a day and network, and one of all accounts together.</summary>
    /// <returns>The account, where its fraud was not known yet; null where it was, or the proof is not taken.</returns>
    /// <exception cref="StatementException">It proves nothing.</exception>
    public async Task<AccountId?> LearnAsync(NetworkId network, ReadOnlyMemory<byte> proof, CancellationToken cancellation = default)
    {
        if (!MayLearn(network)) return null;
        AccountId account = EquivocationProof.Parse(proof.Span).Verify(context.Cache);
        if (IsRefused(network, account) || !Learn(network)) return null;
        return (await AddAsync(network, proof, cancellation)).IsNew ? account : null;
    }

    /// <summary>The same for a proof that was just found, from the books of the node itself; nothing where there is none.</summary>
    internal Task ConvictAsync(NetworkId network, EquivocationProof? proof, CancellationToken cancellation = default)
        => proof is null ? Task.CompletedTask : AddAsync(network, proof.Bytes, cancellation);

    private bool MayLearn(NetworkId network)
    {
        lock (_lock) return Count < maxAccounts && LearnedOf(network).Count < maxLearned;
    }

    private bool Learn(NetworkId network)
    {
        lock (_lock)
        {
            (DateTimeOffset from, int count) = LearnedOf(network);
            if (Count >= maxAccounts || count >= maxLearned) return false;
            _learned[network] = (from, count + 1);
            return true;
        }
    }

    // Called under the lock.
    private (DateTimeOffset From, int Count) LearnedOf(NetworkId network)
    {
        DateTimeOffset now = context.Now;
        return _learned.TryGetValue(network, out (DateTimeOffset From, int Count) learned) && now >= learned.From && now - learned.From < LearnsAnew ? learned : (now, 0);
    }

    // Beyond the bound nobody is remembered, but each proof is kept.
    private bool Remember(NetworkId network, AccountId account)
    {
        if (_refused.Count >= maxAccounts && !_refused.ContainsKey((network, account))) return true;
        return _refused.TryAdd((network, account), true);
    }
}
