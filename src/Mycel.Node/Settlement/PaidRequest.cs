using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Node.Links;

namespace Mycel.Node.Settlement;

/// <summary>A request to a peer with an order: what is seen of its answer, and how it ends. For one attempt, whose thread alone calls it.</summary>
internal sealed class PaidRequest
{
    private readonly PayingDesk _desk;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;
    private bool _isSent;
    private bool _isOver;

    internal PaidRequest(PayingDesk desk, OpenOrder order, PeerId provider)
    {
        _desk = desk;
        Order = order;
        Provider = provider;
    }

    /// <summary>The order.</summary>
    internal OpenOrder Order { get; }

    /// <summary>Who is asked.</summary>
    internal PeerId Provider { get; }

    /// <summary>The receipt's id, as callers are told it.</summary>
    public string Id => Order.Id.ToString();

    /// <summary>The order, as it is sent.</summary>
    public ByteString OrderBytes => UnsafeByteOperations.UnsafeWrap(Order.Bytes);

    /// <summary>The own standing, as it is sent; may be empty.</summary>
    public ByteString Standing => UnsafeByteOperations.UnsafeWrap(Order.Standing);

    /// <summary>From here on the provider may be at work.</summary>
    public void Send() => _isSent = true;

    /// <summary>The answer has begun.</summary>
    public void Begin() => _desk.Begin(this);

    /// <summary>Some of the answer came.</summary>
    public void Observe(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _bytes += bytes.Length;
    }

    /// <summary>The provider refuses: nothing is owed.</summary>
    public void Refuse()
    {
        if (_isOver) return;
        _isOver = true;
        _hash.Dispose();
        _desk.Release(this);
    }

    /// <summary>The answer is whole: what is left to do is done behind it.</summary>
    /// <param name="stream">The request's stream; it is the desk's from here on.</param>
    /// <param name="receipt">The provider's receipt; empty where it sent none.</param>
    /// <param name="usage">Tokens, as the answer said.</param>
    /// <param name="outputEvents">Events with output; null where it is no stream.</param>
    public void Complete(OutboundStream stream, ByteString receipt, TokenUsage? usage, long? outputEvents)
    {
        _isOver = true;
        var observed = Seen(isWhole: true, usage, outputEvents) with { ReplyHash = _hash.GetHashAndReset() };
        _hash.Dispose();
        _desk.Settle(this, stream, receipt.Memory, observed);
    }

    /// <summary>It is over, however it ended; does nothing where that was told before.</summary>
    public void End(TokenUsage? usage, long? outputEvents)
    {
        if (_isOver) return;
        if (!_isSent)
        {
            Refuse();
            return;
        }
        _isOver = true;
        _hash.Dispose();
        _desk.Abandon(this, Seen(isWhole: false, usage, outputEvents));
    }

    private Observed Seen(bool isWhole, TokenUsage? usage, long? outputEvents) => new()
    {
        IsWhole = isWhole,
        ReplyBytes = _bytes,
        PromptTokens = usage?.PromptTokens,
        CompletionTokens = usage?.CompletionTokens,
        OutputEvents = outputEvents,
    };
}
