namespace Mycel.Ledger.Books;

/// <summary>Bounds of a <see cref="ProviderBook"/>.</summary>
public sealed class ProviderOptions
{
    /// <summary>Micro-credits that one account may have had without having paid for certain; what a defaulter can cost at most. Default 10 credits; 0 or more.</summary>
    public long Cap { get; init; } = 10 * MicroCredits.PerCredit;

    /// <summary>Accounts of which something is under way or unpaid, at most. Default 16,384.</summary>
    public int MaxAccounts { get; init; } = 16_384;

    /// <summary>Orders whose ids are remembered while they would be taken, at most: none of them is taken twice. Default 262,144.</summary>
    public int MaxRemembered { get; init; } = 262_144;

    /// <summary>The same of one account. Default 4,096: a few accounts do not take the others' place.</summary>
    public int MaxRememberedPerAccount { get; init; } = 4_096;

    /// <summary>Receipts of one account that are not posted yet, at most, however small. Default 10,000.</summary>
    public int MaxUnsettledPerAccount { get; init; } = 10_000;

    /// <summary>Receipts without a countersignature that are held in memory; of those beyond, the store is asked. Default 16,384.</summary>
    public int MaxClaims { get; init; } = 16_384;
}
