using Microsoft.EntityFrameworkCore;
using Mycel.Identity;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Storage.Writing;

/// <summary>Posts transfers, in their order.</summary>
internal sealed class PostOperation(IReadOnlyList<Transfer> transfers, bool isStepped, CancellationToken cancellation)
    : Operation<IReadOnlyList<PostingResult>>(isStepped, cancellation)
{
    public override int Weight => Math.Max(1, transfers.Count);

    public override void Prepare(BatchKeys keys)
    {
        foreach (Transfer transfer in transfers)
        {
            keys.AddLedger(transfer.Network);
            keys.AddAccount(transfer.Network, transfer.Payer);
            keys.AddAccount(transfer.Network, transfer.Provider);
            keys.Transfers.Add((transfer.Network, transfer.Id));
        }
    }

    public override void Apply(Batch batch)
    {
        var results = new PostingResult[transfers.Count];
        for (int i = 0; i < results.Length; i++)
        {
            Transfer transfer = transfers[i];
            results[i] = batch.Ledger(transfer.Network).Post(transfer, account => batch.IsRefused(transfer.Network, account), batch.Now);
        }

        Result = results;
    }
}

/// <summary>Takes the next sequence of an account's standing.</summary>
internal sealed class SequenceOperation(NetworkId network, AccountId account, bool isStepped, CancellationToken cancellation)
    : Operation<(AccountRecord Account, LedgerHead Head)>(isStepped, cancellation)
{
    public override void Prepare(BatchKeys keys)
    {
        keys.AddLedger(network);
        keys.AddAccount(network, account);
    }

    public override void Apply(Batch batch)
    {
        LedgerPart ledger = batch.Ledger(network);
        Result = (ledger.TakeSequence(account, batch.IsRefused(network, account), batch.Moment), ledger.Head);
    }
}

/// <summary>Makes a network's ledger where there is none.</summary>
internal sealed class HeadOperation(NetworkId network, bool isStepped, CancellationToken cancellation) : Operation<LedgerHead>(isStepped, cancellation)
{
    public override void Prepare(BatchKeys keys) => keys.AddLedger(network);

    public override void Apply(Batch batch) => Result = batch.Ledger(network).Head;
}

/// <summary>Keeps a receipt.</summary>
internal sealed class ReceiptOperation(LedgerWrite.Receipt receipt, bool isStepped, CancellationToken cancellation) : Operation<bool>(isStepped, cancellation)
{
    private readonly ReceiptRecord _record = Checks.Receipt(receipt.Record);

    public override void Prepare(BatchKeys keys) => keys.Receipts.Add(_record.Id);

    public override void Apply(Batch batch)
    {
        if (batch.Receipts.Find(_record.Id) is { } row)
        {
            if (row.Network != _record.Network || row.Side != _record.Side || row.Device != _record.Device)
                throw new LedgerException($"Another receipt is kept under the id {_record.Id}: with the device {row.Device}, not {_record.Device}.");
            if (_record.State == ReceiptState.Countersigned && row.State == ReceiptState.Refused)
                throw new LedgerException($"The receipt {_record.Id} was refused before; that is final.");
            if (receipt.IsGivenUp && row.State != ReceiptState.Receipted) return;
            if (_record.State < row.State || (_record.State != row.State && row.State == ReceiptState.Posted)) return;
        }

        batch.Receipts.Put(_record.Id, RecordRows.ToRow(_record, batch.Book));
    }
}

/// <summary>Keeps the latest standing of an account.</summary>
internal sealed class StandingOperation(LedgerWrite.Standing standing, bool isStepped, CancellationToken cancellation) : Operation<bool>(isStepped, cancellation)
{
    public override void Prepare(BatchKeys keys) => keys.Standings.Add((standing.Network, standing.Account));

    public override void Apply(Batch batch)
    {
        if (batch.Standings.Find((standing.Network, standing.Account)) is { } row && row.Sequence > standing.Sequence) return;
        batch.Standings.Put((standing.Network, standing.Account), new StandingRow
        {
            Book = batch.Book,
            Network = standing.Network,
            Account = standing.Account,
            Sequence = standing.Sequence,
            Bytes = standing.Bytes.ToArray(),
        });
    }
}

/// <summary>Keeps a proof of fraud.</summary>
internal sealed class ProofOperation(LedgerWrite.Proof proof, bool isStepped, CancellationToken cancellation) : Operation<bool>(isStepped, cancellation)
{
    public override void Prepare(BatchKeys keys) => keys.Proofs.Add((proof.Network, proof.Account));

    public override void Apply(Batch batch)
    {
        if (batch.IsRefused(proof.Network, proof.Account)) return;
        batch.Proofs.Put((proof.Network, proof.Account), new ProofRow { Network = proof.Network, Account = proof.Account, Bytes = proof.Bytes.ToArray() });
    }
}

/// <summary>Keeps what was observed of a peer.</summary>
internal sealed class ReputationOperation(LedgerWrite.Reputation reputation, bool isStepped, CancellationToken cancellation) : Operation<bool>(isStepped, cancellation)
{
    public override void Prepare(BatchKeys keys) => keys.Reputations.Add(reputation.Device);

    public override void Apply(Batch batch)
    {
        if (reputation.Bytes.IsEmpty) batch.Reputations.Remove(reputation.Device);
        else batch.Reputations.Put(reputation.Device, new ReputationRow { Book = batch.Book, Device = reputation.Device, Bytes = reputation.Bytes.ToArray() });
    }
}

/// <summary>Sets back the receipts of a network's ledger that was set back.</summary>
internal sealed class UnpostOperation(LedgerWrite.Unpost unpost, bool isStepped, CancellationToken cancellation) : Operation<bool>(isStepped, cancellation)
{
    public override bool IsAlone => true;

    public override void Prepare(BatchKeys keys)
    {
    }

    public override void Apply(Batch batch)
    {
        PeerId book = batch.Book;
        batch.Context.Receipts
            .Where(row => row.Book == book && row.Network == unpost.Network && row.State == ReceiptState.Posted && (row.Entry == null || row.Entry > unpost.Entries))
            .ExecuteUpdate(static change => change.SetProperty(row => row.State, ReceiptState.Countersigned).SetProperty(row => row.Entry, (long?)null));
    }
}
