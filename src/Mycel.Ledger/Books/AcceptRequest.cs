using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Books;

/// <summary>A request with an order, as a provider sees it before any work.</summary>
public sealed record AcceptRequest
{
    /// <summary>The order, a serialized statement.</summary>
    public required ReadOnlyMemory<byte> Order { get; init; }

    /// <summary>The payer's <c>StandingProof</c>; empty for none.</summary>
    public ReadOnlyMemory<byte> Standing { get; init; }

    /// <summary>The payer's device certificate, as the link proved it; the node has checked that it is not revoked.</summary>
    public required DeviceCertificate Payer { get; init; }

    /// <summary>The payer's terms in the order's network, as the node knows them; null where it is no member.</summary>
    public required MemberTerms? Terms { get; init; }

    /// <summary>The network that the request names.</summary>
    public required NetworkId Network { get; init; }

    /// <summary>The model that it asks for, by the name that the node offers.</summary>
    public required string Model { get; init; }

    /// <summary>The model's prices: the current ones, then those announced within the last <see cref="PriceList.Honoured"/>. Where there are none, no order is taken.</summary>
    public required IReadOnlyList<Prices> Prices { get; init; }

    /// <summary>What bounds the cost, as the node reads the request.</summary>
    public required RequestBounds Bounds { get; init; }

    /// <summary>Of the request as it came; see <see cref="Statements.Order.HashRequest"/>.</summary>
    public required ReadOnlyMemory<byte> RequestHash { get; init; }
}

/// <summary>An order that a provider has taken on.</summary>
public sealed class AcceptedOrder
{
    internal AcceptedOrder(Order order, RequestBounds bounds, ReadOnlyMemory<byte> payerCertificate)
    {
        Order = order;
        Bounds = bounds;
        PayerCertificate = payerCertificate;
    }

    /// <summary>The order.</summary>
    public Order Order { get; }

    /// <summary>The order's id, which will be the receipt's.</summary>
    public OrderId Id => Order.Id;

    internal RequestBounds Bounds { get; }

    internal ReadOnlyMemory<byte> PayerCertificate { get; }

    // Guarded by the book.
    internal bool IsOver { get; set; }
}

/// <summary>A receipt that a provider has signed.</summary>
/// <param name="Receipt">The statement, for the trailer of the answer.</param>
/// <param name="Amount">Micro-credits claimed.</param>
/// <param name="Durable">Completes when the receipt is on disk; nobody has to wait for it.</param>
public sealed record FinishedOrder(ReadOnlyMemory<byte> Receipt, long Amount, Task Durable);

/// <summary>What a provider has given to an account without having been paid for certain, in micro-credits.</summary>
/// <param name="UnderWay">The most that its orders under way may cost.</param>
/// <param name="Claimed">Of receipts that it has not countersigned.</param>
/// <param name="Owed">Of those that it has countersigned and that are not posted.</param>
/// <param name="Disputed">What it has agreed to pay less than was claimed, within the last day.</param>
public readonly record struct Exposure(long UnderWay, long Claimed, long Owed, long Disputed)
{
    /// <summary>All of it.</summary>
    public long Total => MicroCredits.Add(MicroCredits.Add(UnderWay, Claimed), MicroCredits.Add(Owed, Disputed));
}
