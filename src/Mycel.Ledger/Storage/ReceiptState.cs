namespace Mycel.Ledger.Storage;

/// <summary>Whether this account pays or is paid.</summary>
public enum ReceiptSide
{
    /// <summary>This account asked and pays.</summary>
    Paid = 1,

    /// <summary>This account served and is paid.</summary>
    Earned = 2,
}

/// <summary>How far a receipt has come. A state never goes back, but where the network's ledger was set back (<see cref="LedgerWrite.Unpost"/>).</summary>
public enum ReceiptState
{
    /// <summary>The payer has not signed yet: the provider has (earned), or the answer has begun (paid).</summary>
    Receipted = 1,

    /// <summary>Both have signed; the other side (for a payer) or the network's ledger (for a provider) does not have it for certain yet.</summary>
    Countersigned = 2,

    /// <summary>The other side has it for certain; only a payer's receipt has this state.</summary>
    Acknowledged = 3,

    /// <summary>The network's ledger has it but not posted it yet: the payer would owe more than its line.</summary>
    Waiting = 4,

    /// <summary>Posted in the network's ledger; without an entry where the amount is 0, so that nothing was to be posted.</summary>
    Posted = 5,

    /// <summary>Refused for good, by the payer or by the network's ledger; the reason is kept.</summary>
    Refused = 6,
}
