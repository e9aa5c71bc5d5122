using Mycel.Identity;

namespace Mycel.Ledger.Storage;

/// <summary>Which receipts; what is null does not choose.</summary>
public sealed record ReceiptQuery
{
    /// <summary>Of one network.</summary>
    public NetworkId? Network { get; init; }

    /// <summary>Paid or earned.</summary>
    public ReceiptSide? Side { get; init; }

    /// <summary>In one of these states.</summary>
    public IReadOnlyList<ReceiptState>? States { get; init; }

    /// <summary>With one other account.</summary>
    public AccountId? Account { get; init; }

    /// <summary>With one other device.</summary>
    public PeerId? Device { get; init; }

    /// <summary>Of one API key.</summary>
    public string? KeyName { get; init; }

    /// <summary>Disputed at this moment or since (<see cref="ReceiptRecord.DisputedAt"/>).</summary>
    public DateTimeOffset? DisputedFrom { get; init; }

    /// <summary>From this moment on.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this one in the order of the list, to page on.</summary>
    public OrderId? Before { get; init; }

    /// <summary>At most so many, 1 to 1,000; default 100.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A sum of receipts that are alike.</summary>
/// <param name="Network">The network.</param>
/// <param name="Side">Paid or earned.</param>
/// <param name="State">How far they have come.</param>
/// <param name="Account">The other account.</param>
/// <param name="Count">How many.</param>
/// <param name="Amount">Micro-credits in all.</param>
public sealed record ReceiptSum(NetworkId Network, ReceiptSide Side, ReceiptState State, AccountId Account, long Count, long Amount);
