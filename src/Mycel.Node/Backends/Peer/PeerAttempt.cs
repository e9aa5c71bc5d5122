using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Backends.Peer;

/// <summary>One request to one peer: sent on a stream of its own, answered, and the answer handed on as it comes.</summary>
internal static class PeerAttempt
{
    /// <summary>Bodies are handed to the link in pieces of at most so many bytes.</summary>
    private const int PieceBytes = 256 * 1024;

    public static async ValueTask<AttemptOutcome> RunAsync(string name, Link link, NetworkId? network, BackendCall call, Offer offer, IReplySink sink)
    {
        OutboundStream? stream = null;
        try
        {
            stream = await link.OpenAsync(HeaderFor(network, call), CancellationToken.None);
            if (!call.TryAttach(new Carried(stream)))
            {
                stream.Abort(StreamError.Cancelled);
                return EndedFromHere(name, call, sink);
            }
            await SendAsync(stream, call.Document.For(offer.ModelIdJson, addUsage: true));
            var outcome = await ReadAsync(name, stream, sink);
            if (!call.Detach() && outcome.Kind != AttemptKind.Completed) return EndedFromHere(name, call, sink);
            await stream.FinishAsync();
            return outcome;
        }
        catch (Exception error) when (error is TransportException or FrameException or DeviceFaultException or InvalidOperationException or OperationCanceledException or ObjectDisposedException)
        {
            call.Detach();
            stream?.Abort(StreamError.Cancelled);
            return call.EndReason != EndReason.None ? EndedFromHere(name, call, sink) : Failure(name, error, sink);
        }
        finally
        {
            if (stream is not null) await stream.DisposeAsync();
        }
    }

    private sealed class Carried(OutboundStream stream) : IDisposable
    {
        public void Dispose() => stream.Abort(StreamError.Cancelled);
    }

    private static StreamHeader HeaderFor(NetworkId? network, BackendCall call)
    {
        var header = new StreamHeader
        {
            Version = StreamServer.Version,
            Kind = Kind.Inference,
            RequestId = call.RequestId,
            DeadlineMs = DeadlineOf(call),
            Inference = new Inference { Path = call.Kind.Path(), Headers = UnsafeByteOperations.UnsafeWrap(call.Headers) },
        };
        if (network is { } id) header.Inference.NetworkId = IdBytes(id);
        return header;
    }

    private static ByteString IdBytes(NetworkId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.Hash.CopyTo(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>What is left of the caller's time, in milliseconds, at least 1; 0 for no deadline.</summary>
    private static uint DeadlineOf(BackendCall call)
    {
        if (call.DeadlineAt == long.MaxValue) return 0;
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), call.DeadlineAt).TotalMilliseconds;
        return (uint)Math.Clamp(left, 1, uint.MaxValue);
    }

    private static async ValueTask SendAsync(OutboundStream stream, OutboundBody body)
    {
        var writer = stream.Writer;
        try
        {
            for (var i = 0; i < OutboundBody.PieceCount; i++)
            {
                for (var piece = body.Piece(i); !piece.IsEmpty;)
                {
                    var part = piece[..Math.Min(piece.Length, PieceBytes)];
                    writer.Write(part.Span);
                    piece = piece[part.Length..];
                    if (writer.PendingBytes >= PieceBytes) await writer.FlushAsync();
                }
            }
            writer.Write(FrameKind.Trailer, []);
            await writer.FlushAsync();
        }
        catch (TransportException refused) when (refused.Kind == TransportFailure.Application)
        {
            // A node that refuses a request answers before it has read all of it, and takes no more: the answer may be there already.
        }
    }

    private static async ValueTask<AttemptOutcome> ReadAsync(string name, OutboundStream stream, IReplySink sink)
    {
        var isStarted = false;
        var announced = -1L;
        var bytes = 0L;
        while (true)
        {
            while (stream.Reader.TryRead(out var frame))
            {
                switch (frame.Kind)
                {
                    case FrameKind.Data when isStarted:
                        bytes += frame.Payload.Length;
                        if (announced >= 0 && bytes > announced) throw new FrameException($"more came than the {announced} bytes that it had announced");
                        sink.Write(frame.Payload.Span);
                        break;
                    case FrameKind.Head when !isStarted:
                        isStarted = true;
                        var head = HeadOf(WireMessages.Parse(Links.Wire.ResponseHead.Parser, frame.Payload));
                        announced = head.ContentLength;
                        sink.Start(head);
                        break;
                    case FrameKind.Trailer when isStarted:
                        var trailer = WireMessages.Parse(Trailer.Parser, frame.Payload);
                        if (trailer.BodyBytes != bytes) throw new FrameException($"{bytes} bytes of its answer came where it had sent {trailer.BodyBytes}");
                        if (announced >= 0 && bytes != announced) throw new FrameException($"{bytes} bytes of its answer came where it had announced {announced}");
                        sink.End();
                        return AttemptOutcome.Completed;
                    case FrameKind.Refusal:
                        return RefusalOf(name, WireMessages.Parse(Links.Wire.Refusal.Parser, frame.Payload), sink);
                    case FrameKind.Message:
                        break;
                    default:
                        throw new FrameException($"a frame of the kind {frame.Kind} came where none was due");
                }
            }
            // A flush is only waited for when the caller is slower than the peer; then the peer is made to wait too.
            var flush = sink.FlushAsync();
            if (!flush.IsCompletedSuccessfully) await flush;
            if (!await stream.Reader.FillAsync()) throw new DeviceFaultException(DeviceFaultKind.Interrupted, "its answer ended before it was whole");
        }
    }

    private static ReplyHead HeadOf(Links.Wire.ResponseHead head)
    {
        if (head.Status is < 200 or > 299) throw new FrameException($"its answer has the status {head.Status}");
        var contentType = head.ContentType.Length > 0 && IsHeaderText(head.ContentType) ? head.ContentType : null;
        var headers = new List<KeyValuePair<string, string>>(head.Headers.Count);
        foreach (var header in head.Headers.Take(MaxHeaders))
        {
            // What would frame the reply, or speak of a connection, is this node's own to say.
            if (header.Name.Length is > 0 and <= 128 && EndToEndHeaders.IsToken(header.Name) && !EndToEndHeaders.IsDroppedFromReply(header.Name) && IsHeaderText(header.Value))
                headers.Add(new(header.Name, header.Value));
        }
        var isEventStream = contentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;
        return new ReplyHead((int)head.Status, contentType, isEventStream, head.IsEncoded, head.ContentLength >= 0 ? head.ContentLength : -1, headers);
    }

    private const int MaxHeaders = 64;

    private static bool IsHeaderText(string value) => value.Length <= 8192 && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private static AttemptOutcome RefusalOf(string name, Links.Wire.Refusal said, IReplySink sink)
    {
        var status = said.Status is >= 400 and < 600 ? (int)said.Status : 502;
        var refusal = new Refusal(status, said.Code.Length is > 0 and <= 64 ? said.Code : "upstream_refused", $"The node '{name}' refused the request: {Shortened(said.Message)}")
        {
            Body = said.Body.Length is > 0 and <= Refusal.MaxBodyBytes ? said.Body.ToByteArray() : null,
            ContentType = IsHeaderText(said.ContentType) && said.ContentType.Length > 0 ? said.ContentType : "application/json",
            RetryAfter = said.RetryAfterS > 0 ? said.RetryAfterS.ToString(CultureInfo.InvariantCulture) : null,
        };
        if (sink.IsCommitted) return new AttemptOutcome(AttemptKind.Broken, refusal);
        return new AttemptOutcome(said.MayTryOthers || status >= 500 ? AttemptKind.Refused : AttemptKind.Rejected, refusal);
    }

    private static string Shortened(string message) => message.Length > 500 ? message[..500] : message;

    private static AttemptOutcome EndedFromHere(string name, BackendCall call, IReplySink sink)
    {
        var refusal = call.EndReason switch
        {
            EndReason.Silent => new Refusal(504, "upstream_timeout", $"The node '{name}' was silent past its time."),
            EndReason.Vanished => new Refusal(502, "upstream_unreachable", $"The node '{name}' is gone: it cannot be reached any more."),
            _ => null,
        };
        if (refusal is null) return AttemptOutcome.Ended;
        return new AttemptOutcome(sink.IsCommitted ? AttemptKind.Broken : AttemptKind.Refused, refusal);
    }

    private static AttemptOutcome Failure(string name, Exception error, IReplySink sink)
    {
        var refusal = error switch
        {
            DeviceFaultException { Kind: DeviceFaultKind.Invalid } or FrameException => new Refusal(502, "upstream_invalid", $"The node '{name}' gave no valid answer: {error.Message.TrimEnd('.')}."),
            _ => new Refusal(502, "upstream_interrupted", $"The node '{name}' broke off: {error.Message.TrimEnd('.')}."),
        };
        return new AttemptOutcome(sink.IsCommitted ? AttemptKind.Broken : AttemptKind.Refused, refusal);
    }
}
