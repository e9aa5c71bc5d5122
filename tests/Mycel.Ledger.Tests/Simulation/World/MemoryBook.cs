using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>The rules of a device's book in a ledger's database.</summary>
internal sealed class MemoryBook
{
    public MemoryBook() => (Receipts, Standings, Reputations) = ([], [], []);

    public MemoryBook(MemoryBook other) => (Receipts, Standings, Reputations) = (new(other.Receipts), new(other.Standings), new(other.Reputations));

    public Dictionary<OrderId, ReceiptRecord> Receipts { get; }

    public Dictionary<(NetworkId, AccountId), (ulong Sequence, ReadOnlyMemory<byte> Bytes)> Standings { get; }

    public Dictionary<PeerId, ReadOnlyMemory<byte>> Reputations { get; }

    public IEnumerable<ReceiptRecord> Find(ReceiptQuery query)
    {
        List<ReceiptRecord> found = [];
        foreach (ReceiptRecord one in Receipts.Values)
        {
            if (Fits(one, query)) found.Add(one);
        }

        // Most questions find nothing, or one.
        return found.Count < 2 ? found : found.OrderByDescending(one => one.At).ThenByDescending(one => one.Id.ToString(), StringComparer.Ordinal);
    }

    public void Write(LedgerWrite write)
    {
        switch (write)
        {
            case LedgerWrite.Receipt receipt:
                Keep(receipt.Record, receipt.IsGivenUp);
                break;
            case LedgerWrite.Standing standing:
                if (!Standings.TryGetValue((standing.Network, standing.Account), out (ulong Sequence, ReadOnlyMemory<byte>) last) || last.Sequence <= standing.Sequence)
                    Standings[(standing.Network, standing.Account)] = (standing.Sequence, standing.Bytes);
                break;
            case LedgerWrite.Unpost unpost:
                foreach (ReceiptRecord one in Receipts.Values.Where(one => one.Network == unpost.Network && one.State == ReceiptState.Posted && (one.Entry is null || one.Entry > unpost.Entries)).ToList())
                    Receipts[one.Id] = one with { State = ReceiptState.Countersigned, Entry = null };
                break;
            case LedgerWrite.Reputation { Bytes.IsEmpty: true } reputation:
                Reputations.Remove(reputation.Device);
                break;
            case LedgerWrite.Reputation reputation:
                Reputations[reputation.Device] = reputation.Bytes;
                break;
            case LedgerWrite.Proof:
                break;
            default:
                throw new InvalidOperationException($"{write.GetType().Name} is new.");
        }
    }

    private static bool Fits(ReceiptRecord one, ReceiptQuery query)
        => (query.Side is null || one.Side == query.Side) && (query.States is null || query.States.Contains(one.State))
            && (query.Network is null || one.Network == query.Network) && (query.Account is null || one.Account == query.Account)
            && (query.Device is null || one.Device == query.Device) && (query.KeyName is null || one.KeyName == query.KeyName)
            && (query.DisputedFrom is null || one.DisputedAt >= query.DisputedFrom) && (query.From is null || one.At >= query.From);

    private void Keep(ReceiptRecord record, bool isGivenUp)
    {
        if (Receipts.TryGetValue(record.Id, out ReceiptRecord? known))
        {
            if (known.Network != record.Network || known.Side != record.Side || known.Device != record.Device) throw new LedgerException("Another receipt has this id.");
            if (record.State == ReceiptState.Countersigned && known.State == ReceiptState.Refused) throw new LedgerException("It was refused before.");
            if (isGivenUp && known.State != ReceiptState.Receipted) return;
            if (record.State < known.State || (record.State != known.State && known.State == ReceiptState.Posted)) return;
        }

        Receipts[record.Id] = record;
    }
}
