using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>Accounts whose fraud is proved, with the proofs. Safe for use from many threads.</summary>
/// <param name="context">What all books share.</param>
/// <param name="maxAccounts">Most accounts, of all networks together, 1 or more; proofs beyond are kept in the store alone.</param>
public sealed class FraudBook(BookContext context, int maxAccounts = FraudBook.MaxAccounts)
{
    /// <summary>Most accounts unless told otherwise.</summary>
    public const int MaxAccounts = 65_536;

    private const int PageSize = 64;

    private readonly ConcurrentDictionary<(NetworkId Network, AccountId Account), bool> _refused = new();

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

    /// <summary>The same for a proof that was just found, from the books of the node itself; nothing where there is none.</summary>
    internal Task ConvictAsync(NetworkId network, EquivocationProof? proof, CancellationToken cancellation = default)
        => proof is null ? Task.CompletedTask : AddAsync(network, proof.Bytes, cancellation);

    // Beyond the bound nobody is remembered, but each proof is kept.
    private bool Remember(NetworkId network, AccountId account)
    {
        if (_refused.Count >= maxAccounts && !_refused.ContainsKey((network, account))) return true;
        return _refused.TryAdd((network, account), true);
    }
}
