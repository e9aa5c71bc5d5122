using Mycel.Identity;

namespace Mycel.Ledger.Books;

/// <summary>How a node clears.</summary>
public sealed class ClearingOptions
{
    /// <summary>How long a standing is believed. Default 6 hours, at most <see cref="Statements.Standing.MaxValidity"/>.</summary>
    public TimeSpan StandingValidity { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Oldest work that is still posted. Default 90 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Whether a device was cast out by its account: what it ordered is not posted any more, whenever it says to have signed. Default: none was.</summary>
    public Func<AccountId, PeerId, bool> IsRevoked { get; init; } = static (_, _) => false;

    /// <summary>
    /// New entries of one payer in a network within an hour; further ones wait. An entry takes about 1.5 KB of the database for ever. Default 1,000,000: nearly 300
    /// paid requests a second, all day.
    /// </summary>
    public long MaxEntriesPerHour { get; init; } = 1_000_000;

    /// <summary>
    /// Receipts of one submitting account, all its devices together, that are refused or wait within a minute; then it is answered 429. Default 16,384: a
    /// node sends what waits again at half that pace.
    /// </summary>
    public long MaxFruitlessPerMinute { get; init; } = 16_384;

    /// <summary>Receipts submitted lately whose signatures held, and are not checked again. Default 65,536; twice as many for a moment.</summary>
    public int MaxKnown { get; init; } = 65_536;
}
