using Google.Protobuf;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Links;

/// <summary>An exchange that the peer opened; its header was read and is of a version that is understood.</summary>
internal sealed class InboundStream : IAsyncDisposable
{
    private readonly ITransportStream _stream;
    private int _isOver;

    public InboundStream(Link link, ITransportStream stream, FrameReader reader, StreamHeader header)
    {
        Link = link;
        _stream = stream;
        Reader = reader;
        Writer = new FrameWriter(stream);
        Header = header;
        link.BeginWork(header.Kind);
    }

    public Link Link { get; }

    public StreamHeader Header { get; }

    public FrameReader Reader { get; }

    public FrameWriter Writer { get; }

    /// <summary>Completes, or fails, when the peer takes nothing more or has everything: what long work for this stream watches.</summary>
    public Task WritesClosed => _stream.WritesClosed;

    /// <summary>The next frame, which must be a message of this type; null at the end.</summary>
    /// <exception cref="FrameException">It is another frame, or no such message.</exception>
    public ValueTask<T?> ReadMessageAsync<T>(MessageParser<T> parser, CancellationToken cancellation)
        where T : class, IMessage<T> => WireMessages.ReadAsync(Reader, parser, cancellation);

    /// <summary>Adds a message frame.</summary>
    public void Write(IMessage message) => WireMessages.Write(Writer, FrameKind.Message, message);

    /// <summary>Answers with a refusal, which ends the answer, and reads nothing more.</summary>
    public ValueTask RefuseAsync(int status, string code, string message, bool mayTryOthers = true, int retryAfterSeconds = 0) =>
        RefuseAsync(new Refusal { Status = (uint)status, Code = code, Message = message, MayTryOthers = mayTryOthers, RetryAfterS = (uint)retryAfterSeconds });

    /// <inheritdoc cref="RefuseAsync(int, string, string, bool, int)"/>
    public async ValueTask RefuseAsync(Refusal refusal)
    {
        WireMessages.Write(Writer, FrameKind.Refusal, refusal);
        await Writer.FlushAsync(end: true);
        _stream.AbortRead((long)StreamError.Cancelled);
    }

    /// <summary>Reads nothing more; a read under way ends.</summary>
    public void StopReading() => _stream.AbortRead((long)StreamError.Cancelled);

    /// <summary>Ends it in both directions, from any thread.</summary>
    public void Abort(StreamError error)
    {
        _stream.AbortWrite((long)error);
        _stream.AbortRead((long)error);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0) Link.EndWork(Header.Kind);
        Reader.Dispose();
        Writer.Dispose();
        await _stream.DisposeAsync();
    }
}
