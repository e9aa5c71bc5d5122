using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Mycel.Node.Admission;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Discovery;
using Mycel.Node.Execution;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.OpenAi;

/// <summary>The OpenAI requests that a model answers, as HTTP clients send them.</summary>
internal sealed class InferenceEndpoint(
    IOptionsSource options, RequestLimits limits, ModelCatalog catalog, RequestRunner runner, NodeMetrics metrics, BodyMemory bodies, NodeId node, IPeerBook peers,
    ModelFinder finder)
{
    /// <summary>Bodies beyond this are not read on the thread that serves the sockets, in bytes.</summary>
    private const int LargeBodyBytes = 256 * 1024;

    /// <summary>Answers one request whose caller is known.</summary>
    public async Task HandleAsync(HttpContext context, InferenceKind kind, Caller caller)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var requestId = context.TraceIdentifier;
        if (!limits.TryEnter(caller.Key, out var refusal))
        {
            await RefuseByLimitAsync(context, refusal, requestId);
            return;
        }
        var place = new LimitedPlace(limits, caller.Key);
        try
        {
            await AdmittedAsync(context, kind, caller, requestId, startedAt, place);
        }
        finally
        {
            place.Leave();
        }
    }

    private async Task AdmittedAsync(HttpContext context, InferenceKind kind, Caller caller, string requestId, long startedAt, LimitedPlace place)
    {
        if (!EndToEndHeaders.TryPass(context.Request.Headers[EndToEndHeaders.Via].ToString(), node.Value, out var via))
        {
            await FailAsync(context, requestId, "", startedAt, 508, "loop_detected", "The request came back to a node that it has passed already: two nodes relay to each other. Remove one of the two relays.");
            return;
        }
        if (!TryReadDeadline(context.Request.Headers, out var deadline))
        {
            await FailAsync(context, requestId, "", startedAt, 400, "invalid_value", "X-Mycel-Deadline-Ms must be a whole number of milliseconds from 1 to 86400000.");
            return;
        }
        var (body, error) = await RequestBody.ReadAsync(context, bodies, options.Current.Api);
        if (body is null)
        {
            runner.RecordRefusal(requestId, "", startedAt, context.Response.StatusCode, error);
            return;
        }
        using (body)
        {
            if (body.Memory.Length > LargeBodyBytes) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (RequestScanner.Scan(kind, body.Memory, out var fault) is not { } document)
            {
                await FailAsync(context, requestId, "", startedAt, 400, fault!.Code, fault.Message, fault.Param);
                return;
            }
            var target = RequestRunner.FindModel<ModelTarget>(document, catalog.Find);
            if (target is null && await SearchAsync(document, deadline, context.RequestAborted)) target = RequestRunner.FindModel<ModelTarget>(document, catalog.Find);
            if (target is null)
            {
                await RefuseUnknownModelAsync(context, document, requestId, startedAt);
                return;
            }
            await ExchangeAsync(context, kind, caller, requestId, startedAt, document, target, via, deadline, place);
        }
    }

    /// <summary>Has a model searched for that nobody has who is linked, for as long as the caller waits.</summary>
    private async ValueTask<bool> SearchAsync(RequestDocument document, TimeSpan? deadline, CancellationToken gone)
    {
        if (deadline is null) return await finder.FindAsync(RequestRunner.NameOf(document), gone);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(gone);
        limit.CancelAfter(deadline.Value);
        return await finder.FindAsync(RequestRunner.NameOf(document), limit.Token);
    }

    private async Task ExchangeAsync(
        HttpContext context, InferenceKind kind, Caller caller, string requestId, long startedAt, RequestDocument document, ModelTarget target, string via, TimeSpan? deadline, LimitedPlace place)
    {
        using var headers = new PooledBuffer();
        ForwardedHeaders.Write(context.Request.Headers, via, headers);
        var call = new BackendCall
        {
            Kind = kind,
            RequestId = requestId,
            Headers = headers.WrittenMemory,
            Document = document,
            Purse = caller.Key is { } key ? new Purse(key.Name, key.Budget) : null,
            DeadlineAt = BackendCall.DeadlineFrom(startedAt, deadline),
            ConnectTimeout = TimeSpan.FromSeconds(options.Current.Relay.ConnectSeconds),
        };
        var channel = new HttpReplyChannel(context);
        await using var exchange = runner.Begin(call, target, channel, startedAt);
        await using var hangUp = context.RequestAborted.UnsafeRegister(static state => ((Exchange)state!).End(EndReason.ClientGone), exchange);
        var end = await runner.RunAsync(exchange, place);
        if (end == ExchangeEnd.Refused) await AnswerRefusalAsync(context, exchange);
        else if (end == ExchangeEnd.Completed) await channel.FinishAsync();
        runner.Settle(exchange, end);
    }

    private static Task AnswerRefusalAsync(HttpContext context, Exchange exchange)
    {
        var refusal = exchange.Refusal!;
        var headers = context.Response.Headers;
        if (exchange.Offer is { } offer && exchange.Attempts > 0)
            HttpReplyChannel.SetRoute(headers, new RouteTaken(offer.Backend.Route, exchange.Attempts, exchange.QueueTime, default));
        if (refusal.RetryAfter is not null) headers.RetryAfter = refusal.RetryAfter;
        if (refusal.Body is null) return ApiError.WriteAsync(context, refusal.Status, refusal.Code, refusal.Message);
        context.Response.StatusCode = refusal.Status;
        context.Response.ContentType = refusal.ContentType;
        context.Response.ContentLength = refusal.Body.Length;
        context.Response.BodyWriter.Write(refusal.Body);
        return Task.CompletedTask;
    }

    private async Task RefuseUnknownModelAsync(HttpContext context, RequestDocument document, string requestId, long startedAt)
    {
        var name = RequestRunner.NameOf(document);
        var missed = catalog.OfflineHolder(name) is { } holder
            ? $"The model '{name}' is not available now: the relay '{holder}', which had it, is offline."
            : MissedHolder(name) is { } peer ? $"The model '{name}' is not available now: the node '{peer}', which had it, is not linked. See why with: mycel peers"
            : null;
        await FailAsync(
            context, requestId, name, startedAt, 404, "model_not_found", missed ?? $"The model '{name}' does not exist here.{Suggestion(name)}", "model", isModelKnown: missed is not null);
    }

    /// <summary>The node that offered a model when it was linked last, and is not linked now; null for none.</summary>
    private string? MissedHolder(string name) => peers.All.FirstOrDefault(p => !p.IsGreeted && p.Record?.Models.Any(m => m.Name == name) == true)?.Name;

    private string Suggestion(string name)
    {
        var near = catalog.Near(name);
        if (near.Count > 0) return $" Did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?";
        return catalog.Listed.Count > 0 ? " GET /v1/models lists those that do." : " No model is here yet; add a relay with: mycel relay add URL";
    }

    private static bool TryReadDeadline(IHeaderDictionary headers, out TimeSpan? deadline)
    {
        deadline = null;
        var text = headers["X-Mycel-Deadline-Ms"].ToString();
        if (text.Length == 0) return true;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || milliseconds is < 1 or > 86_400_000) return false;
        deadline = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }

    private async Task RefuseByLimitAsync(HttpContext context, LimitRefusal refusal, string requestId)
    {
        metrics.LimitRefusals.GetOrAdd(refusal.Name, static _ => new StripedCounter()).Increment();
        if (refusal.RetryAfterSeconds is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await FailAsync(context, requestId, "", Stopwatch.GetTimestamp(), 429, refusal.Code, refusal.Message);
    }

    private async Task FailAsync(HttpContext context, string requestId, string model, long startedAt, int status, string code, string message, string? param = null, bool isModelKnown = true)
    {
        runner.RecordRefusal(requestId, model, startedAt, status, message, isModelKnown);
        await ApiError.WriteAsync(context, status, code, message, param);
    }
}
