using System.Buffers;
using Google.Protobuf;
using Mycel.Node.Backends;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Settlement;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Peers;

/// <summary>The way back to a peer that asked.</summary>
/// <param name="stream">The request's stream.</param>
/// <param name="served">Counts what is given, where it is paid; null where it is not.</param>
internal sealed class PeerReplyChannel(InboundStream stream, ServedRequest? served = null) : IReplyChannel, IBufferWriter<byte>
{
    private Memory<byte> _next;
    private long _bodyBytes;
    private bool _isAborted;

    public IBufferWriter<byte> Body => this;

    public void Start(in ReplyHead head, long contentLength, RouteTaken? route)
    {
        var message = new ResponseHead { Status = (uint)head.Status, ContentType = head.ContentType ?? "", ContentLength = contentLength, IsEncoded = head.IsEncoded };
        foreach (var (name, value) in head.Headers)
        {
            if (!EndToEndHeaders.IsDroppedFromReply(name)) message.Headers.Add(new Header { Name = name, Value = value });
        }
        WireMessages.Write(stream.Writer, FrameKind.Head, message);
    }

    /// <summary>Told once when the peer takes nothing more.</summary>
    public Action? Gone { get; set; }

    public ValueTask FlushAsync() => SendAsync(end: false);

    public void Abort()
    {
        _isAborted = true;
        stream.Abort(StreamError.Broken);
    }

    /// <summary>Ends an answer that is whole.</summary>
    /// <param name="usage">Tokens, where they are known.</param>
    /// <param name="receipt">The receipt; empty where nothing is paid. With one the direction stays open, for what is said of it.</param>
    public ValueTask FinishAsync(TokenUsage? usage, ByteString? receipt = null)
    {
        receipt ??= ByteString.Empty;
        var trailer = new Trailer { BodyBytes = _bodyBytes, PromptTokens = usage?.PromptTokens ?? -1, CompletionTokens = usage?.CompletionTokens ?? -1, Receipt = receipt };
        WireMessages.Write(stream.Writer, FrameKind.Trailer, trailer);
        return SendAsync(end: receipt.IsEmpty);
    }

    /// <summary>Tells the payer that its countersignature is kept, and ends.</summary>
    public ValueTask ConfirmAsync()
    {
        stream.Write(new Settled());
        return SendAsync(end: true);
    }

    private async ValueTask SendAsync(bool end)
    {
        if (!_isAborted)
        {
            try
            {
                await stream.Writer.FlushAsync(end);
                return;
            }
            catch (TransportException)
            {
                // A peer may stop reading and still keep its own direction open, where alone its leaving is watched for.
                _isAborted = true;
                Gone?.Invoke();
            }
        }
        // What is still written until the request has ended must not pile up.
        stream.Writer.Clear();
    }

    public void Advance(int count)
    {
        _bodyBytes += count;
        served?.Give(_next.Span[..count]);
        stream.Writer.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _next = stream.Writer.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => served is null ? stream.Writer.GetSpan(sizeHint) : GetMemory(sizeHint).Span;
}
