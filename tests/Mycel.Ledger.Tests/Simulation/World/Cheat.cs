namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Ways to get more than one gave.</summary>
internal enum Cheat
{
    /// <summary>Keeps to the rules.</summary>
    None = 0,

    /// <summary>Takes answers and never signs for them.</summary>
    NeverSigns,

    /// <summary>Signs for half of what it got.</summary>
    SignsLess,

    /// <summary>Shows an order again, to its provider and to others.</summary>
    ReusesOrder,

    /// <summary>Signs two orders under one id.</summary>
    SignsTwoOrders,

    /// <summary>Alters a bit of an order, or names someone else as payer.</summary>
    ForgesOrder,

    /// <summary>Orders for less than the price.</summary>
    Underpays,

    /// <summary>Signs for all of it to the provider, and for nothing to the ledger.</summary>
    SignsTwice,

    /// <summary>Orders more than it has, at many at once, with a standing from better days or of its own make.</summary>
    Overdraws,

    /// <summary>Claims more tokens than it gave.</summary>
    Inflates,

    /// <summary>Claims an amount that its prices do not give.</summary>
    Miscounts,

    /// <summary>Signs two receipts for one order.</summary>
    ClaimsTwice,

    /// <summary>Takes orders and gives nothing, or nothing but a receipt.</summary>
    Vanishes,

    /// <summary>Hands in receipts that it altered, or whose countersignature it made itself.</summary>
    ForgesReceipts,

    /// <summary>Hands in the same receipts again and again, its own and those of others.</summary>
    Replays,

    /// <summary>Pays itself.</summary>
    PaysItself,

    /// <summary>Sets its own database back, and goes on as if it knew nothing.</summary>
    RollsBack,
}
