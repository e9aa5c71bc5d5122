using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>The rules of the networks' ledgers in a database.</summary>
internal sealed class MemoryLedger(SimRandom random, TimeProvider time, Sabotage sabotage = Sabotage.None)
{
    private State _now = new();
    private State? _copy;

    public IReadOnlyList<(NetworkId Network, AccountId Account, ReadOnlyMemory<byte> Bytes)> Proofs => _now.Proofs;

    public IReadOnlyDictionary<(NetworkId, AccountId), AccountRecord> Accounts => _now.Accounts;

    public void Backup() => _copy = new State(_now);

    public void Restore()
    {
        if (_copy is not null) _now = new State(_copy);
    }

    public LedgerHead Head(NetworkId network)
    {
        if (!_now.Heads.TryGetValue(network, out LedgerHead? head))
            _now.Heads[network] = head = new LedgerHead(random.Bytes(16), 0, new byte[32]);
        return head;
    }

    public ReadOnlyMemory<byte>? HashAfter(NetworkId network, long entries)
        => entries == 0 ? new byte[32] : _now.Hashes.TryGetValue((network, entries), out byte[]? hash) ? hash : (ReadOnlyMemory<byte>?)null;

    public void Keep(LedgerWrite.Proof proof)
    {
        if (_now.Proofs.Any(one => one.Network == proof.Network && one.Account == proof.Account)) return;
        _now.Proofs.Add((proof.Network, proof.Account, proof.Bytes));
        _now.Accounts[(proof.Network, proof.Account)] = Account(proof.Network, proof.Account) with { IsRefused = true };
    }

    public PostingResult Post(Transfer transfer)
    {
        if (_now.Posted.TryGetValue((transfer.Network, transfer.Id), out (long Entry, byte[] Hash, Transfer Transfer) known) && sabotage != Sabotage.PostsTwice)
        {
            return known.Transfer.Bytes.Span.SequenceEqual(transfer.Bytes.Span)
                ? new PostingResult(PostingOutcome.Known, known.Entry, known.Hash)
                : new PostingResult(PostingOutcome.Conflict, known.Entry, known.Hash, known.Transfer.Bytes);
        }

        AccountRecord payer = Account(transfer.Network, transfer.Payer), provider = Account(transfer.Network, transfer.Provider);
        if (payer.IsRefused || provider.IsRefused) return new PostingResult(PostingOutcome.Refused);
        if ((Int128)payer.Balance - transfer.Amount < -(Int128)transfer.PayerLine && sabotage != Sabotage.NoLine) return new PostingResult(PostingOutcome.Waiting);
        LedgerHead head = Head(transfer.Network);
        byte[] hash = SHA256.HashData([.. head.Hash.Span, .. SHA256.HashData(transfer.Bytes.Span)]);
        _now.Heads[transfer.Network] = head = head with { Entries = head.Entries + 1, Hash = hash };
        _now.Posted[(transfer.Network, transfer.Id)] = (head.Entries, hash, transfer);
        _now.Hashes[(transfer.Network, head.Entries)] = hash;
        _now.Accounts[(transfer.Network, transfer.Payer)] = payer with { Balance = payer.Balance - transfer.Amount };
        if (sabotage != Sabotage.HalfTransfer) _now.Accounts[(transfer.Network, transfer.Provider)] = provider with { Balance = provider.Balance + transfer.Amount };
        return new PostingResult(PostingOutcome.Posted, head.Entries, hash);
    }

    public (AccountRecord, LedgerHead) TakeSequence(NetworkId network, AccountId account)
    {
        AccountRecord record = Account(network, account);
        _now.Accounts[(network, account)] = record = record with { Sequence = Math.Max(record.Sequence + 1, (ulong)((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10)) };
        return (record, Head(network));
    }

    private AccountRecord Account(NetworkId network, AccountId account) => _now.Accounts.GetValueOrDefault((network, account)) ?? new AccountRecord(account, 0, 0, false);

    private sealed class State
    {
        public State() => (Heads, Hashes, Posted, Proofs, Accounts) = ([], [], [], [], []);

        public State(State other) => (Heads, Hashes, Posted, Proofs, Accounts) = (new(other.Heads), new(other.Hashes), new(other.Posted), [.. other.Proofs], new(other.Accounts));

        public Dictionary<NetworkId, LedgerHead> Heads { get; }

        public Dictionary<(NetworkId, long Entries), byte[]> Hashes { get; }

        public Dictionary<(NetworkId, OrderId), (long Entry, byte[] Hash, Transfer Transfer)> Posted { get; }

        public List<(NetworkId Network, AccountId Account, ReadOnlyMemory<byte> Bytes)> Proofs { get; }

        public Dictionary<(NetworkId, AccountId), AccountRecord> Accounts { get; }
    }
}
