namespace Mycel.Ledger.Books;

/// <summary>What a clearing node says of a receipt.</summary>
public enum ClearingOutcome
{
    /// <summary>Posted by this submission.</summary>
    Posted = 1,

    /// <summary>Was posted before.</summary>
    Known = 2,

    /// <summary>Not posted now; it may be sent again later.</summary>
    Waiting = 3,

    /// <summary>Never posted.</summary>
    Refused = 4,

    /// <summary>The payer agreed to an amount of 0: there is nothing to post, and it is done.</summary>
    Nothing = 5,
}

/// <summary>What came of one receipt that was submitted.</summary>
/// <param name="Id">The receipt; the id of no receipt where it was not readable.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Entry">Its number in the ledger, from 1 on; 0 where it is not posted.</param>
/// <param name="Reason">Why it waits or is refused, for people; empty otherwise.</param>
public sealed record ClearingResult(OrderId Id, ClearingOutcome Outcome, long Entry, string Reason = "");

/// <summary>What a clearing node answers.</summary>
/// <param name="Results">One for each receipt, in the order of their submission.</param>
/// <param name="Standing">The submitter's own new <c>StandingProof</c>; empty where nothing was looked at.</param>
/// <param name="Proofs">Proofs of fraud that the submitter may not know.</param>
/// <param name="ProofCount">How many proofs of this network it knows with these; the next submission says so.</param>
/// <param name="KnownHead">The chain's hash after as many entries as the submitter knows, 32 bytes; empty where the ledger has fewer.</param>
/// <param name="Refusal">Why nothing was looked at; null otherwise.</param>
public sealed record ClearingReply(
    IReadOnlyList<ClearingResult> Results,
    ReadOnlyMemory<byte> Standing,
    IReadOnlyList<ReadOnlyMemory<byte>> Proofs,
    long ProofCount,
    ReadOnlyMemory<byte> KnownHead,
    CreditRefusal? Refusal = null);
