using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A network's ledger as its postings say it must be: kept beside the real one, and compared with it.</summary>
internal sealed class LedgerModel
{
    private Dictionary<AccountId, long> _balances = [];
    private Dictionary<OrderId, (long Entry, long Amount)> _posted = [];
    private (Dictionary<AccountId, long> Balances, Dictionary<OrderId, (long Entry, long Amount)> Posted)? _copy;

    /// <summary>Transfers in it.</summary>
    public int Entries => _posted.Count;

    public IReadOnlyDictionary<AccountId, long> Balances => _balances;

    public IReadOnlyDictionary<OrderId, (long Entry, long Amount)> Transfers => _posted;

    /// <summary>Micro-credits of an account.</summary>
    public long BalanceOf(AccountId account) => _balances.GetValueOrDefault(account);

    /// <summary>Checks what the real ledger decided, and does the same.</summary>
    /// <exception cref="SimFailure">It broke a rule.</exception>
    public void Post(Transfer transfer, PostingResult result, long line)
    {
        bool isKnown = _posted.TryGetValue(transfer.Id, out (long Entry, long Amount) known);
        switch (result.Outcome)
        {
            case PostingOutcome.Posted:
                if (isKnown) throw new SimFailure($"Order {transfer.Id} was posted twice, as entries {known.Entry} and {result.Entry}.");
                if (result.Entry != Entries + 1) throw new SimFailure($"Entry {result.Entry} follows on entry {Entries}.");
                if (transfer.Payer == transfer.Provider) throw new SimFailure($"Order {transfer.Id} pays its own account.");
                if (transfer.Amount < 0) throw new SimFailure($"Order {transfer.Id} pays {transfer.Amount}.");
                long left = BalanceOf(transfer.Payer) - transfer.Amount;
                if (left < -line) throw new SimFailure($"Order {transfer.Id} takes its payer to {left}, below its line of {line}.");
                _balances[transfer.Payer] = left;
                _balances[transfer.Provider] = BalanceOf(transfer.Provider) + transfer.Amount;
                _posted[transfer.Id] = (result.Entry, transfer.Amount);
                break;
            case PostingOutcome.Known when !isKnown || known.Entry != result.Entry:
                throw new SimFailure($"Order {transfer.Id} is said to be entry {result.Entry} and is {(isKnown ? $"entry {known.Entry}" : "not posted")}.");
            case PostingOutcome.Waiting when transfer.PayerLine >= 0 && BalanceOf(transfer.Payer) - transfer.Amount >= -line:
                throw new SimFailure($"Order {transfer.Id} waits although its payer has {BalanceOf(transfer.Payer)} and a line of {line} for {transfer.Amount}.");
            default:
                break;
        }
    }

    /// <summary>Keeps a copy.</summary>
    public void Backup() => _copy = (new(_balances), new(_posted));

    /// <summary>Goes back to the copy.</summary>
    public void Restore()
    {
        if (_copy is { } copy) (_balances, _posted) = (new(copy.Balances), new(copy.Posted));
    }

    /// <summary>Compares it with the real one.</summary>
    /// <exception cref="SimFailure">They differ, or the sum is not 0.</exception>
    public void Compare(ILedgerStore store, NetworkId network)
    {
        long sum = 0;
        foreach ((AccountId account, long balance) in _balances)
        {
            long real = store.FindAccountAsync(network, account).Result?.Balance ?? 0;
            if (real != balance) throw new SimFailure($"The ledger says {real} for an account that has {balance}.");
            sum += real;
        }

        if (sum != 0) throw new SimFailure($"The sum of all balances is {sum}.");
        long entries = store.HeadAsync(network).Result.Entries;
        if (entries != Entries) throw new SimFailure($"The ledger has {entries} entries instead of {Entries}.");
    }
}
