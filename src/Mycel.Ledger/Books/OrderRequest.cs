using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Books;

/// <summary>What a payer wants from a provider.</summary>
public sealed record OrderRequest
{
    /// <summary>The network in which it is paid.</summary>
    public required NetworkId Network { get; init; }

    /// <summary>The provider's device certificate, as the link proved it.</summary>
    public required DeviceCertificate Provider { get; init; }

    /// <summary>The provider's run, as its greeting names it, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> ProviderInstance { get; init; }

    /// <summary>The model, by the name that the provider gives it.</summary>
    public required string Model { get; init; }

    /// <summary>The provider's prices, as its offer says.</summary>
    public required Prices Prices { get; init; }

    /// <summary>What bounds the cost.</summary>
    public required RequestBounds Bounds { get; init; }

    /// <summary>Of the request as it is sent; see <see cref="Order.HashRequest"/>.</summary>
    public required ReadOnlyMemory<byte> RequestHash { get; init; }

    /// <summary>How long the work may take; at most <see cref="Order.MaxValidity"/>, default 1 hour.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The API key that the request came with, by name; null for none.</summary>
    public string? KeyName { get; init; }

    /// <summary>What the account allows itself to pay; null for no bound.</summary>
    public Budget? AccountBudget { get; init; }

    /// <summary>What the key may cost; null for no bound.</summary>
    public Budget? KeyBudget { get; init; }
}

/// <summary>What the payer saw of an answer.</summary>
public sealed record Observed
{
    /// <summary>Whether the answer came whole, to its trailer. Then the receipt's hash must be right.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>Bytes of the answer that came.</summary>
    public required long ReplyBytes { get; init; }

    /// <summary>Their SHA-256; empty where the answer is not whole.</summary>
    public ReadOnlyMemory<byte> ReplyHash { get; init; }

    /// <summary>Tokens read, as the answer's <c>usage</c> says; null where it does not.</summary>
    public long? PromptTokens { get; init; }

    /// <summary>Tokens written, as the answer's <c>usage</c> says; null where it does not.</summary>
    public long? CompletionTokens { get; init; }

    /// <summary>Events with output, of a stream; null where the answer is one document.</summary>
    public long? OutputEvents { get; init; }
}

/// <summary>An order that is under way, as the payer keeps it. Safe for use from many threads.</summary>
public sealed class OpenOrder
{
    internal OpenOrder(Order order, ReadOnlyMemory<byte> payerCertificate, ReadOnlyMemory<byte> providerCertificate, RequestBounds? bounds, string? keyName)
    {
        Order = order;
        PayerCertificate = payerCertificate;
        ProviderCertificate = providerCertificate;
        Bounds = bounds;
        KeyName = keyName;
        Reserved = order.MaxAmount;
    }

    /// <summary>The order.</summary>
    public Order Order { get; }

    /// <summary>The order's id, which will be the receipt's.</summary>
    public OrderId Id => Order.Id;

    /// <summary>The order as it is sent.</summary>
    public ReadOnlyMemory<byte> Bytes => Order.Bytes;

    /// <summary>The payer's latest <c>StandingProof</c>, to be sent with the order; empty for none.</summary>
    public ReadOnlyMemory<byte> Standing { get; internal init; }

    // As it was when the order was signed: one that was renewed since does not prove it.
    internal ReadOnlyMemory<byte> PayerCertificate { get; }

    internal ReadOnlyMemory<byte> ProviderCertificate { get; }

    // Null where it was read from the store after a restart.
    internal RequestBounds? Bounds { get; }

    internal string? KeyName { get; }

    // When the reservation was counted in the budgets; null where it was not.
    internal DateTimeOffset? BudgetedAt { get; init; }

    // What follows is guarded by the book.
    internal long Reserved { get; set; }

    internal OpenOrderState State { get; set; }

    internal bool IsNoted { get; set; }

    internal Observed? Observed { get; set; }
}

/// <summary>How far an order has come with its payer.</summary>
internal enum OpenOrderState
{
    /// <summary>The answer is awaited, or under way.</summary>
    Open,

    /// <summary>The answer is over, and nothing is signed: the receipt may still come.</summary>
    Abandoned,

    /// <summary>Its receipt is being answered.</summary>
    Answering,

    /// <summary>Nothing more is to be done.</summary>
    Closed,
}
