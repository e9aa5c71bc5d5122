using System.Collections.Frozen;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Links;

/// <summary>Reads the header of each stream that a peer opens, and hands it to what answers its kind.</summary>
internal sealed partial class StreamServer(TimeProvider time, ILogger logger)
{
    /// <summary>The version of the protocol that is spoken.</summary>
    public const uint Version = 1;

    /// <summary>Longest request id, in characters.</summary>
    private const int MaxRequestId = 128;

    /// <summary>A stream whose header has not come by then is aborted.</summary>
    private static readonly TimeSpan HeaderTimeout = TimeSpan.FromSeconds(10);

    private FrozenDictionary<Kind, IStreamHandler> _handlers = FrozenDictionary<Kind, IStreamHandler>.Empty;

    public void Serve(IEnumerable<IStreamHandler> handlers) => _handlers = handlers.ToFrozenDictionary(h => h.Kind);

    /// <summary>Serves a connection until it ends.</summary>
    public async Task RunAsync(Link link, LinkConnection connection)
    {
        try
        {
            while (await connection.Transport.AcceptStreamAsync() is { } stream)
            {
                link.Use(connection);
                _ = AnswerAsync(link, stream);
            }
        }
        catch (TransportException)
        {
            // How it ended is told by the connection itself.
        }
    }

    private async Task AnswerAsync(Link link, ITransportStream stream)
    {
        var reader = new FrameReader(stream);
        InboundStream? inbound = null;
        try
        {
            if (await ReadHeaderAsync(reader, stream) is not { } header) return;
            inbound = new InboundStream(link, stream, reader, header);
            if (header.Version != Version || !_handlers.TryGetValue(header.Kind, out var handler))
            {
                await inbound.RefuseAsync(501, "not_understood", $"This node speaks version {Version} of the protocol, and does not know exchanges of the kind {(int)header.Kind} in version {header.Version}. One of the two nodes needs an update.");
                return;
            }
            // Requests to models never block the thread that serves the sockets; of the others some write to a disk.
            if (header.Kind != Kind.Inference) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await handler.HandleAsync(inbound);
        }
        catch (Exception error) when (error is FrameException or RefusedException)
        {
            // Only answers are refused: in a request a refusal is a frame in the wrong place.
            LogMalformed(link.Id, error.Message);
            Abort(stream, StreamError.Protocol);
        }
        catch (Exception error) when (error is TransportException or OperationCanceledException)
        {
            Abort(stream, StreamError.Cancelled);
        }
        catch (Exception error)
        {
            LogFailed(error, link.Id);
            Abort(stream, StreamError.Internal);
        }
        finally
        {
            if (inbound is not null) await inbound.DisposeAsync();
            else
            {
                reader.Dispose();
                await stream.DisposeAsync();
            }
        }
    }

    /// <summary>The header; null where the peer ended the stream without one.</summary>
    private async ValueTask<StreamHeader?> ReadHeaderAsync(FrameReader reader, ITransportStream stream)
    {
        var reading = reader.ReadAsync();
        Frame? first;
        if (reading.IsCompletedSuccessfully) first = reading.Result;
        else
        {
            // Most headers are there when the stream is; only those that are not cost a timer.
            await using var timer = time.CreateTimer(static s => Abort((ITransportStream)s!, StreamError.Deadline), stream, HeaderTimeout, Timeout.InfiniteTimeSpan);
            first = await reading;
        }
        if (first is not { } frame) return null;
        if (frame.Kind != FrameKind.Header) throw new FrameException($"a stream begins with its header, not with a frame of the kind {frame.Kind}");
        var header = WireMessages.Parse(StreamHeader.Parser, frame.Payload);
        if (header.RequestId.Length > MaxRequestId || header.RequestId.AsSpan().ContainsAnyExceptInRange('!', '~')) throw new FrameException("the request id is too long, or not of printable characters");
        return header;
    }

    private static void Abort(ITransportStream stream, StreamError error)
    {
        stream.AbortWrite((long)error);
        stream.AbortRead((long)error);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "a stream of {Peer} was malformed: {Reason}")]
    private partial void LogMalformed(Mycel.Identity.PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "answering a stream of {Peer} failed")]
    private partial void LogFailed(Exception error, Mycel.Identity.PeerId peer);
}
