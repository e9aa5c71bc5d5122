using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger;
using Mycel.Ledger.Statements;
using Mycel.Node.Admission;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Peers;

/// <summary>
/// Answers peers' requests to models: who asks, whether they may, and whether there is room is decided before anything is computed. A
/// peer is served what this node has itself, never what another peer has.
/// </summary>
internal sealed class InferenceServer(
    IPeerBook book, OwnModels own, ModelCatalog catalog, RequestLimits limits, RequestRunner runner, BodyMemory bodies, IOptionsSource options, NodeId node,
    NodeState state, NodeMetrics metrics, ServingDesk desk, TimeProvider time) : IStreamHandler
{
    /// <summary>Time for the whole body of a request, and after the answer for the asker to end its direction.</summary>
    private static readonly TimeSpan BodyTimeout = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Bodies beyond this are not read on the thread that serves the sockets, in bytes.</summary>
    private const int LargeBodyBytes = 256 * 1024;

    private const int MaxDeadlineMs = 86_400_000;

    public Kind Kind => Kind.Inference;

    public async Task HandleAsync(InboundStream stream)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var requestId = stream.Header.RequestId;
        if (book.StandingOf(stream.Link.Id, out var whyNot) is not { } standing)
        {
            await RefuseAsync(stream, startedAt, 403, "not_allowed", whyNot ?? "This node does not know you.");
            return;
        }
        if (!stream.Link.Peer.Certificate.Roles.HasFlag(DeviceRoles.Ask))
        {
            await RefuseAsync(stream, startedAt, 403, "not_allowed", "Your device may not ask for models: its account did not give it that role.");
            return;
        }
        if (state.Phase != NodePhase.Ready)
        {
            await RefuseAsync(stream, startedAt, 503, "draining", "The node is shutting down.");
            return;
        }
        if (stream.Header.Inference is not { } request || KindOf(request.Path) is not { } kind)
        {
            await RefuseAsync(stream, startedAt, 404, "not_found", "This node has no such interface for peers.");
            return;
        }
        if (!own.SharesWith(standing))
        {
            await RefuseAsync(stream, startedAt, 404, "model_not_found", "No model of this node is shared with you.");
            return;
        }
        if (request.Order.IsEmpty && !own.SharesForFree(standing))
        {
            await RefuseAsync(stream, startedAt, 402, CreditCodes.PaymentRequired, "Every model that this node shares with you has a price, and the request came without an order that pays for it. The asking node may need an update.");
            return;
        }
        // The other devices of the account are as good as this one.
        var account = standing.IsOwn ? null : standing.Account.ToString();
        if (!(account is null ? limits.TryEnter(null, out var refusal) : limits.TryEnterAccount(account, out refusal)))
        {
            metrics.LimitRefusals.GetOrAdd(refusal.Name, static _ => new StripedCounter()).Increment();
            await RefuseAsync(stream, startedAt, 429, refusal.Code, refusal.Message, retryAfterSeconds: refusal.RetryAfterSeconds ?? 0);
            return;
        }
        var place = new LimitedPlace(limits, account);
        try
        {
            await AdmittedAsync(stream, request, kind, standing, requestId, startedAt, place);
        }
        finally
        {
            place.Leave();
        }
    }

    private async Task AdmittedAsync(InboundStream stream, Inference request, InferenceKind kind, PeerStanding standing, string requestId, long startedAt, LimitedPlace place)
    {
        var settings = options.Current;
        using var body = new BodyBuffer(bodies, settings.Api);
        if (await ReadBodyAsync(stream, body) is { } error)
        {
            var (status, message) = BodyBuffer.Explain(error, settings.Api);
            await RefuseAsync(stream, startedAt, status, error, message, mayTryOthers: status == 503);
            return;
        }
        if (body.Memory.Length > LargeBodyBytes) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (RequestScanner.Scan(kind, body.Memory, out var fault) is not { } document)
        {
            await RefuseAsync(stream, startedAt, 400, fault!.Code, fault.Message, mayTryOthers: false);
            return;
        }
        var name = RequestRunner.NameOf(document);
        // A model that is not shared with the asker is, to it, one that is not here.
        if (catalog.FindOwn(name) is not { } target || !own.MayAsk(standing, target.Name, out _))
        {
            await RefuseAsync(stream, startedAt, 404, "model_not_found", $"The model '{name}' is not on this node, or not shared with you.", model: name, isModelKnown: false);
            return;
        }
        using var headers = new PooledBuffer();
        if (!PeerHeaders.TryCopy(request.Headers.Span, node.Value, headers, out var isLoop))
        {
            await (isLoop
                ? RefuseAsync(stream, startedAt, 508, "loop_detected", "The request came back to a node that it has passed already.")
                : RefuseAsync(stream, startedAt, 400, "invalid_headers", "The request's headers are malformed.", mayTryOthers: false));
            return;
        }
        var deadlineAt = BackendCall.DeadlineFrom(startedAt, stream.Header.DeadlineMs is > 0 and var ms ? TimeSpan.FromMilliseconds(Math.Min(ms, MaxDeadlineMs)) : null);
        var (served, credit) = await AcceptAsync(stream, standing, request, kind, document, target.Name, deadlineAt);
        using var counted = served;
        if (credit is not null)
        {
            await RefuseAsync(stream, startedAt, credit.Status, credit.Code, credit.Message, credit.MayTryOthers, model: name);
            return;
        }
        var call = new BackendCall
        {
            Kind = kind,
            RequestId = requestId,
            Headers = headers.WrittenMemory,
            Document = document,
            DeadlineAt = deadlineAt,
            ConnectTimeout = TimeSpan.FromSeconds(settings.Relay.ConnectSeconds),
        };
        await RunAsync(stream, call, target, startedAt, place, served);
    }

    /// <summary>Takes the order that came with a request, where the model has a price for the one who asks.</summary>
    /// <returns>The order taken, or why not; neither where nothing is paid.</returns>
    private async ValueTask<(ServedRequest? Served, CreditRefusal? Refusal)> AcceptAsync(
        InboundStream stream, PeerStanding standing, Inference request, InferenceKind kind, RequestDocument document, string model, long deadlineAt)
    {
        var prices = own.PricesOf(model);
        if (standing.IsOwn || prices.Any(price => price.IsFree)) return (null, null);
        if (request.Order.IsEmpty) return (null, ServingDesk.PaymentRequired(model));
        if (request.NetworkId.Length != PeerId.SizeBytes || new NetworkId(new PeerId(request.NetworkId.Span)) is var network && !own.MayAskIn(standing, model, network))
            return (null, new CreditRefusal(404, "model_not_found", $"The model '{model}' is not shared with you in the network that the order names."));
        var bounds = PriceTable.BoundsOf(document.Body.Length, document.MaxTokens, own.ContextOf(model), document.Choices, kind == InferenceKind.Embedding);
        if (!await IsReadyAsync(stream, deadlineAt))
            return (null, new CreditRefusal(504, "deadline_exceeded", "The request was given up, or its deadline passed, while this node's books were being opened."));
        var served = desk.TryAccept(
            new PricedAsk(stream.Link, standing, request, network, model, prices, bounds, Order.HashRequest(kind.Path(), document.Body.Span)), out var refusal);
        return (served, refusal);
    }

    /// <summary>Waits for the books of this node, where they are being opened just now.</summary>
    /// <returns>False where the asker is gone before, or its time is over.</returns>
    private async ValueTask<bool> IsReadyAsync(InboundStream stream, long deadlineAt)
    {
        using var ended = new CancellationTokenSource();
        var opening = desk.ReadyAsync(ended.Token).AsTask();
        if (!opening.IsCompleted)
        {
            var left = deadlineAt == long.MaxValue ? Timeout.InfiniteTimeSpan : Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), Math.Max(deadlineAt, Stopwatch.GetTimestamp()));
            await Task.WhenAny(opening, stream.WritesClosed, Task.Delay(left, ended.Token));
            await ended.CancelAsync();
        }
        try
        {
            await opening;
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task RunAsync(InboundStream stream, BackendCall call, ModelTarget target, long startedAt, LimitedPlace place, ServedRequest? served)
    {
        var channel = new PeerReplyChannel(stream, served);
        await using var exchange = runner.Begin(call, target, channel, startedAt);
        channel.Gone = () => exchange.End(EndReason.ClientGone);
        var watching = EndWithCallerAsync(stream, exchange);
        try
        {
            var end = await runner.RunAsync(exchange, place);
            switch (end)
            {
                case ExchangeEnd.Refused:
                    await AnswerRefusalAsync(stream, exchange.Refusal!);
                    break;
                case ExchangeEnd.Completed or ExchangeEnd.Broken:
                    await channel.FinishAsync(exchange.Reply.Usage, ReceiptFor(served, exchange, end == ExchangeEnd.Completed ? "stop" : "broken"));
                    break;
                default:
                    stream.Abort(StreamError.Cancelled);
                    ReceiptFor(served, exchange, "cancelled");
                    break;
            }
            runner.Settle(exchange, end);
        }
        catch
        {
            stream.Abort(StreamError.Internal);
            throw;
        }
        finally
        {
            // The stream's memory is read into until then.
            await AtMostAsync(watching, EndTimeout, stream);
            if (served is not null) await SettleAsync(stream, channel, served, await watching);
        }
    }

    /// <summary>Signs what was given; nothing where nothing was.</summary>
    private ByteString? ReceiptFor(ServedRequest? served, Exchange exchange, string reason) =>
        served is null ? null : desk.Finish(served, exchange.Reply.Seen.Usage, exchange.Reply.Seen.OutputEvents, reason);

    /// <summary>Takes what the payer answered to its receipt, and tells it so. Where it answered nothing, that is tried again later.</summary>
    private async Task SettleAsync(InboundStream stream, PeerReplyChannel channel, ServedRequest served, ReadOnlyMemory<byte> countersignature)
    {
        // Does nothing where a receipt was signed.
        desk.Release(served);
        if (!countersignature.IsEmpty && await desk.TakeAsync(served, countersignature)) await channel.ConfirmAsync();
        else if (served.IsSigned) desk.Later(stream.Link.Id);
    }

    /// <summary>Waits for what reads from a stream; aborts the stream where that takes longer.</summary>
    private async ValueTask AtMostAsync(Task reading, TimeSpan limit, InboundStream stream)
    {
        if (reading.IsCompleted) return;
        await using var timer = time.CreateTimer(static s => ((InboundStream)s!).Abort(StreamError.Deadline), stream, limit, Timeout.InfiniteTimeSpan);
        await reading;
    }

    /// <summary>Ends the request when its caller gives it up: then, and only then, it resets the direction that it keeps open while it waits.</summary>
    /// <returns>The countersignature that it sent before its end; empty for none.</returns>
    private static async Task<ReadOnlyMemory<byte>> EndWithCallerAsync(InboundStream stream, Exchange exchange)
    {
        ReadOnlyMemory<byte> countersignature = default;
        try
        {
            // Nothing is due any more but that and the end, which comes when the caller has the whole answer.
            while (await stream.Reader.ReadAsync() is { } frame)
            {
                if (frame.Kind == FrameKind.Message) countersignature = WireMessages.Parse(Countersigned.Parser, frame.Payload).Countersignature.Memory;
            }
        }
        catch (Exception gone) when (gone is TransportException or FrameException or ObjectDisposedException or OperationCanceledException)
        {
            exchange.End(EndReason.ClientGone);
        }
        return countersignature;
    }

    /// <summary>Reads the body up to the frame that ends it.</summary>
    /// <returns>Null, or the code of the error.</returns>
    private async ValueTask<string?> ReadBodyAsync(InboundStream stream, BodyBuffer body)
    {
        var filling = FillAsync(stream, body);
        if (filling.IsCompleted) return await filling;
        var waiting = filling.AsTask();
        await AtMostAsync(waiting, BodyTimeout, stream);
        return await waiting;
    }

    private static async ValueTask<string?> FillAsync(InboundStream stream, BodyBuffer body)
    {
        while (true)
        {
            while (stream.Reader.TryRead(out var frame))
            {
                if (frame.Kind == FrameKind.Trailer) return null;
                if (frame.Kind != FrameKind.Data) throw new FrameException($"a frame of the kind {frame.Kind} came within a request's body");
                if (body.Append(frame.Payload.Span) is { } error) return error;
            }
            if (!await stream.Reader.FillAsync()) throw new FrameException("the request ended within its body");
        }
    }

    private static async Task AnswerRefusalAsync(InboundStream stream, Backends.Refusal refusal)
    {
        var said = new Links.Wire.Refusal
        {
            Status = (uint)refusal.Status,
            Code = refusal.Code,
            Message = refusal.Message,
            // Whoever has this model may think otherwise, but a request found wrong is wrong everywhere.
            MayTryOthers = refusal.Status is not (400 or 405 or 413 or 415 or 422),
        };
        if (refusal.Body is { } body) said.Body = UnsafeByteOperations.UnsafeWrap(body);
        if (refusal.ContentType is { } type) said.ContentType = type;
        if (uint.TryParse(refusal.RetryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) said.RetryAfterS = seconds;
        await stream.RefuseAsync(said);
    }

    private async Task RefuseAsync(
        InboundStream stream, long startedAt, int status, string code, string message, bool mayTryOthers = true, int retryAfterSeconds = 0, string model = "", bool isModelKnown = true)
    {
        runner.RecordRefusal(stream.Header.RequestId, model, startedAt, status, message, isModelKnown);
        await stream.RefuseAsync(status, code, message, mayTryOthers, retryAfterSeconds);
    }

    private static InferenceKind? KindOf(string path) => path switch
    {
        "/v1/chat/completions" => InferenceKind.Chat,
        "/v1/completions" => InferenceKind.Completion,
        "/v1/embeddings" => InferenceKind.Embedding,
        _ => null,
    };
}
