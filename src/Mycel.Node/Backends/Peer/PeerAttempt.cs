using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Settlement;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Backends.Peer;

/// <summary>One request to one peer: sent on a stream of its own, answered, and the answer handed on as it comes.</summary>
/// <param name="name">The peer's name.</param>
/// <param name="link">Its link.</param>
/// <param name="network">The network that is asked in; null for a node of the own account.</param>
/// <param name="call">What is asked.</param>
/// <param name="offer">The model there.</param>
/// <param name="sink">Takes the answer.</param>
/// <param name="desk">Orders what is to be paid; null where nothing is.</param>
internal sealed class PeerAttempt(string name, Link link, NetworkId? network, BackendCall call, Offer offer, IReplySink sink, PayingDesk? desk)
{
    /// <summary>Bodies are handed to the link in pieces of at most so many bytes.</summary>
    private const int PieceBytes = 256 * 1024;

    private PaidRequest? _paid;

    public async ValueTask<AttemptOutcome> RunAsync()
    {
        OutboundStream? stream = null;
        try
        {
            var body = call.Document.For(offer.ModelIdJson, addUsage: true);
            if (await OrderAsync(body) is { } unordered) return unordered;
            stream = await link.OpenAsync(Header(), CancellationToken.None);
            if (!call.TryAttach(new Carried(stream)))
            {
                stream.Abort(StreamError.Cancelled);
                return EndedFromHere();
            }
            _paid?.Send();
            await SendAsync(stream, body);
            var (outcome, receipt) = await ReadAsync(stream);
            if (!call.Detach() && outcome.Kind != AttemptKind.Completed) return EndedFromHere();
            if (_paid is null || outcome.Kind != AttemptKind.Completed)
            {
                await stream.FinishAsync();
                return outcome;
            }
            // The caller has the whole answer. What is left is between the two nodes, and nobody waits for it.
            var settling = stream;
            stream = null;
            _paid.Complete(settling, receipt, sink.Seen.Usage, sink.Seen.OutputEvents);
            return outcome;
        }
        catch (Exception error) when (error is TransportException or FrameException or DeviceFaultException or InvalidOperationException or OperationCanceledException or ObjectDisposedException)
        {
            call.Detach();
            stream?.Abort(StreamError.Cancelled);
            return call.EndReason != EndReason.None ? EndedFromHere() : Failure(error);
        }
        finally
        {
            _paid?.End(sink.Seen.Usage, sink.Seen.OutputEvents);
            if (stream is not null) await stream.DisposeAsync();
        }
    }

    /// <summary>Orders, where the model has a price.</summary>
    /// <returns>How the attempt ended with that; null where it goes on, with an order or, where nothing is paid, without.</returns>
    private async ValueTask<AttemptOutcome?> OrderAsync(OutboundBody body)
    {
        if (desk is null || network is not { } paidIn || offer.Claims is not { } claims) return null;
        var price = new ModelPrice(claims.PromptPrice, claims.CompletionPrice);
        if (price.IsFree) return null;
        var bounds = PriceTable.BoundsOf(body.Length, call.Document.MaxTokens, claims.ContextLength, call.Document.Choices, call.Kind == InferenceKind.Embedding);
        // Books that are opened just now are waited for, but not by who has hung up.
        var waiting = new Waiting();
        if (!call.TryAttach(waiting)) return EndedFromHere();
        var (paid, refusal) = await desk.OpenAsync(new PricedRequest(link, paidIn, offer.ModelId, price, bounds, HashOf(body), call.Purse), waiting.Token);
        _paid = paid;
        if (!call.Detach()) return EndedFromHere();
        sink.ReceiptId = paid?.Id;
        return refusal is null ? null : new AttemptOutcome(AttemptKind.Refused, new Refusal(refusal.Status, refusal.Code, refusal.Message) { IsFromHere = true });
    }

    private byte[] HashOf(OutboundBody body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(call.Kind.Path()));
        hash.AppendData([0]);
        for (var i = 0; i < OutboundBody.PieceCount; i++) hash.AppendData(body.Piece(i).Span);
        return hash.GetHashAndReset();
    }

    /// <summary>What a call waits on that has sent nothing yet. Ending the call ends the waiting, on a thread other than that of who ends it; there is nothing else to let go of.</summary>
    private sealed class Waiting : IDisposable
    {
        private readonly CancellationTokenSource _source = new();

        public CancellationToken Token => _source.Token;

        public void Dispose() => _ = _source.CancelAsync();
    }

    private sealed class Carried(OutboundStream stream) : IDisposable
    {
        public void Dispose() => stream.Abort(StreamError.Cancelled);
    }

    private StreamHeader Header()
    {
        var header = new StreamHeader
        {
            Version = StreamServer.Version,
            Kind = Kind.Inference,
            RequestId = call.RequestId,
            DeadlineMs = DeadlineLeft(),
            Inference = new Inference { Path = call.Kind.Path(), Headers = UnsafeByteOperations.UnsafeWrap(call.Headers) },
        };
        if (network is { } id) header.Inference.NetworkId = IdBytes(id);
        if (_paid is { } paid) (header.Inference.Order, header.Inference.Standing) = (paid.OrderBytes, paid.Standing);
        return header;
    }

    private static ByteString IdBytes(NetworkId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.Hash.CopyTo(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>What is left of the caller's time, in milliseconds, at least 1; 0 for no deadline.</summary>
    private uint DeadlineLeft()
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

    private async ValueTask<(AttemptOutcome Outcome, ByteString Receipt)> ReadAsync(OutboundStream stream)
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
                        _paid?.Observe(frame.Payload.Span);
                        sink.Write(frame.Payload.Span);
                        break;
                    case FrameKind.Head when !isStarted:
                        isStarted = true;
                        var head = HeadOf(WireMessages.Parse(Links.Wire.ResponseHead.Parser, frame.Payload));
                        announced = head.ContentLength;
                        sink.Start(head);
                        _paid?.Begin();
                        break;
                    case FrameKind.Trailer when isStarted:
                        var trailer = WireMessages.Parse(Trailer.Parser, frame.Payload);
                        if (trailer.BodyBytes != bytes) throw new FrameException($"{bytes} bytes of its answer came where it had sent {trailer.BodyBytes}");
                        if (announced >= 0 && bytes != announced) throw new FrameException($"{bytes} bytes of its answer came where it had announced {announced}");
                        sink.End();
                        return (AttemptOutcome.Completed, trailer.Receipt);
                    case FrameKind.Refusal:
                        if (!isStarted) _paid?.Refuse();
                        return (RefusalOf(WireMessages.Parse(Links.Wire.Refusal.Parser, frame.Payload)), ByteString.Empty);
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

    private AttemptOutcome RefusalOf(Links.Wire.Refusal said)
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

    private AttemptOutcome EndedFromHere()
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

    private AttemptOutcome Failure(Exception error)
    {
        var refusal = error switch
        {
            DeviceFaultException { Kind: DeviceFaultKind.Invalid } or FrameException => new Refusal(502, "upstream_invalid", $"The node '{name}' gave no valid answer: {error.Message.TrimEnd('.')}."),
            _ => new Refusal(502, "upstream_interrupted", $"The node '{name}' broke off: {error.Message.TrimEnd('.')}."),
        };
        return new AttemptOutcome(sink.IsCommitted ? AttemptKind.Broken : AttemptKind.Refused, refusal);
    }
}
