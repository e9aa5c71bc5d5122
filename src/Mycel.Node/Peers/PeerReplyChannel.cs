using System.Buffers;
using Mycel.Node.Backends;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Peers;

/// <summary>The way back to a peer that asked.</summary>
internal sealed class PeerReplyChannel(InboundStream stream) : IReplyChannel, IBufferWriter<byte>
{
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

    public async ValueTask FlushAsync()
    {
        if (_isAborted) return;
        try
        {
            await stream.Writer.FlushAsync();
        }
        catch (TransportException)
        {
            // The peer takes nothing more. The request is ended by whoever watches its stream.
            _isAborted = true;
        }
    }

    public void Abort()
    {
        _isAborted = true;
        stream.Abort(StreamError.Broken);
    }

    /// <summary>Ends an answer that is whole.</summary>
    public async ValueTask FinishAsync(Settlement.TokenUsage? usage)
    {
        if (_isAborted) return;
        WireMessages.Write(stream.Writer, FrameKind.Trailer, new Trailer { BodyBytes = _bodyBytes, PromptTokens = usage?.PromptTokens ?? -1, CompletionTokens = usage?.CompletionTokens ?? -1 });
        try
        {
            await stream.Writer.FlushAsync(end: true);
        }
        catch (TransportException)
        {
            _isAborted = true;
        }
    }

    public void Advance(int count)
    {
        _bodyBytes += count;
        stream.Writer.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => stream.Writer.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => stream.Writer.GetSpan(sizeHint);
}
