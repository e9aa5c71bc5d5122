using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Links;

/// <summary>An exchange that this node opened. Disposing of it gives everything back, and aborts what is still under way.</summary>
internal sealed class OutboundStream : IAsyncDisposable
{
    private readonly ITransportStream _stream;
    private readonly Link _link;
    private readonly Kind _kind;
    private int _isOver;

    public OutboundStream(Link link, ITransportStream stream, Kind kind)
    {
        _link = link;
        _stream = stream;
        _kind = kind;
        link.BeginWork(kind);
        Reader = new FrameReader(stream);
        Writer = new FrameWriter(stream);
    }

    public FrameReader Reader { get; }

    /// <summary>Holds the header already.</summary>
    public FrameWriter Writer { get; }

    /// <summary>Tells the peer that its answer is whole, so that it need not keep the stream.</summary>
    public async ValueTask FinishAsync()
    {
        try
        {
            await Writer.FlushAsync(end: true);
        }
        catch (TransportException)
        {
            // It has finished before.
        }
    }

    /// <summary>Ends it in both directions, from any thread; the peer stops its work.</summary>
    public void Abort(StreamError error)
    {
        _stream.AbortWrite((long)error);
        _stream.AbortRead((long)error);
    }

    /// <summary>The next frame, which must be a message of this type; null at the end.</summary>
    /// <exception cref="FrameException">It is another frame, or no such message.</exception>
    /// <exception cref="RefusedException">The peer refuses; what it says is inside.</exception>
    public ValueTask<T?> ReadMessageAsync<T>(Google.Protobuf.MessageParser<T> parser, CancellationToken cancellation)
        where T : class, Google.Protobuf.IMessage<T> => WireMessages.ReadAsync(Reader, parser, cancellation);

    /// <summary>Adds a message frame.</summary>
    public void Write(Google.Protobuf.IMessage message) => WireMessages.Write(Writer, FrameKind.Message, message);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0) _link.EndWork(_kind);
        Reader.Dispose();
        Writer.Dispose();
        await _stream.DisposeAsync();
    }
}

/// <summary>Why a stream was aborted; what the other side's reads and writes fail with.</summary>
internal enum StreamError
{
    /// <summary>The work is not wanted any more.</summary>
    Cancelled = 1,

    /// <summary>What came was not understood.</summary>
    Protocol = 2,

    /// <summary>The node failed in it.</summary>
    Internal = 3,

    /// <summary>The deadline passed.</summary>
    Deadline = 4,

    /// <summary>The answer broke off.</summary>
    Broken = 5,

    /// <summary>The node stops.</summary>
    Shutdown = 6,
}
