using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What an order really was, as only the world knows.</summary>
internal sealed class SimOrder
{
    public required OrderId Id { get; init; }

    public required SimNode Payer { get; init; }

    public required SimNode Provider { get; init; }

    /// <summary>As the payer signed it.</summary>
    public required Order Signed { get; init; }

    /// <summary>The most that the payer signed for.</summary>
    public required long MaxAmount { get; init; }

    /// <summary>The most that what the payer got can be worth, as far as a payer can tell.</summary>
    public long Bound { get; set; } = long.MaxValue;

    /// <summary>Whether the payer's database has what it got, so that it knows it after its death too.</summary>
    public bool IsBoundKept { get; set; }

    /// <summary>Whether the honest provider took it on.</summary>
    public bool IsTaken { get; set; }

    /// <summary>What the provider risks with it now.</summary>
    public long Risk { get; set; }

    /// <summary>What the honest provider claims, once its work is over; null before.</summary>
    public long? Claimed { get; set; }

    /// <summary>What the honest payer agreed to; null where it has not signed.</summary>
    public long? Agreed { get; set; }

    /// <summary>Whether the honest provider's database has had the receipt.</summary>
    public bool IsKept { get; set; }

    /// <summary>Whether the honest provider told that it has the countersignature for certain.</summary>
    public bool IsAcknowledged { get; set; }

    /// <summary>What was posted; null while nothing is.</summary>
    public long? Posted { get; set; }

    /// <summary>For people who look for a cause.</summary>
    public override string ToString()
        => $"from {Payer.Number} to {Provider.Number}, at most {MaxAmount}, claimed {Claimed}, agreed {Agreed}, posted {Posted}{(IsTaken ? ", taken" : "")}{(IsKept ? ", kept" : "")}{(IsAcknowledged ? ", acknowledged" : "")}";
}
