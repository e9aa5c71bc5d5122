namespace Mycel.Ledger.Books;

/// <summary>What a payer answers to a receipt.</summary>
/// <param name="Settled">The serialized <c>SettledReceipt</c>; empty where the receipt is refused.</param>
/// <param name="Countersignature">The countersignature alone; empty where the receipt is refused.</param>
/// <param name="Amount">Micro-credits that are paid.</param>
/// <param name="Refusal">Why nothing is signed; null where it is.</param>
public sealed record Countersigned(ReadOnlyMemory<byte> Settled, ReadOnlyMemory<byte> Countersignature, long Amount, CreditRefusal? Refusal)
{
    internal static Countersigned Refuse(CreditRefusal refusal) => new(default, default, 0, refusal);
}
