namespace Mycel.Ledger.Books;

/// <summary>Bounds of a <see cref="ProviderBook"/>.</summary>
public sealed class ProviderOptions
{
    /// <summary>Micro-credits that one account may have had without having paid for certain; what a defaulter can cost at most. Default 10 credits; 0 or more.</summary>
    public long Cap { get; init; } = 10 * MicroCredits.PerCredit;

    /// <summary>Accounts of which something is under way or unpaid, at most. Default 16,384.</summary>
    public int MaxAccounts { get; init; } = 16_384;

    /// <summary>Orders whose ids are remembered while they would be taken, at most: none of them is taken twice. Default 1,048,576,
    /// as many as 1,700 a second leave within the ten minutes that an order is taken for; about 90 bytes each.</summary>
    public int MaxRemembered { get; init; } = 1_048_576;

    /// <summary>The same of one account, without those that a receipt came of. Default 4,096: a few accounts that pay nothing do not take the others' place.</summary>
    public int MaxRememberedPerAccount { get; init; } = 4_096;

    /// <summary>Receipts of one account that are not posted yet, at most, however small. Default 10,000.</summary>
    public int MaxUnsettledPerAccount { get; init; } = 10_000;

    /// <summary>Receipts without a countersignature that are held in memory; of those beyond, the store is asked. Default 16,384.</summary>
    public int MaxClaims { get; init; } = 16_384;
}
