using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Mycel.Node.Admission;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.OpenAi;

/// <summary>The OpenAI requests that a model answers: read, admitted, routed, answered, written down.</summary>
internal sealed partial class InferenceEndpoint(
    IOptionsSource options, RequestLimits limits, ModelCatalog catalog, Dispatcher dispatcher, ExchangeWatch watch, NodeMetrics metrics,
    RequestLog requests, BodyMemory bodies, NodeId node, TimeProvider time, ILogger<InferenceEndpoint> logger)
{
    private const int ClientGoneStatus = 499;
    private const int BrokenStatus = 599;
    private const int MaxHops = 8;

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
            await AdmittedAsync(context, kind, requestId, startedAt, place);
        }
        finally
        {
            place.Leave();
        }
    }

    private async Task AdmittedAsync(HttpContext context, InferenceKind kind, string requestId, long startedAt, LimitedPlace place)
    {
        if (!TryReadVia(context.Request.Headers, out var via))
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
            Record(requestId, "", null, startedAt, context.Response.StatusCode, error);
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
            if (FindTarget(document) is not { } target)
            {
                await RefuseUnknownModelAsync(context, document, requestId, startedAt);
                return;
            }
            await ExchangeAsync(context, kind, requestId, startedAt, document, target, via, deadline, place);
        }
    }

    private async Task ExchangeAsync(HttpContext context, InferenceKind kind, string requestId, long startedAt, RequestDocument document, ModelTarget target, string via, TimeSpan? deadline, LimitedPlace place)
    {
        var settings = options.Current;
        using var headers = new PooledBuffer();
        ForwardedHeaders.Write(context.Request.Headers, via, headers);
        var call = new BackendCall
        {
            Kind = kind,
            RequestId = requestId,
            Headers = headers.WrittenMemory,
            Document = document,
            ConnectTimeout = TimeSpan.FromSeconds(settings.Relay.ConnectSeconds),
        };
        await using var exchange = new Exchange(target, call, new HttpReplyChannel(context), startedAt, deadline, dispatcher, settings, metrics);
        watch.Add(exchange);
        ExchangeEnd end;
        try
        {
            await using var hangUp = context.RequestAborted.UnsafeRegister(static state => ((Exchange)state!).End(EndReason.ClientGone), exchange);
            end = await exchange.RunAsync();
        }
        finally
        {
            // First the place, then the count: who sees no request under way any more finds its place free.
            place.Leave();
            watch.Remove(exchange);
        }
        if (end == ExchangeEnd.Refused) await AnswerRefusalAsync(context, exchange);
        Settle(exchange, end, startedAt);
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

    /// <summary>Counts a finished request and writes it down.</summary>
    private void Settle(Exchange exchange, ExchangeEnd end, long startedAt)
    {
        var reply = exchange.Reply;
        var failed = end == ExchangeEnd.Broken || (end == ExchangeEnd.Completed && reply.BackendReportedError);
        var status = end switch
        {
            ExchangeEnd.ClientGone => ClientGoneStatus,
            ExchangeEnd.Refused => exchange.Refusal!.Status,
            _ when failed => BrokenStatus,
            _ => 200,
        };
        var route = exchange.Attempts > 0 ? exchange.Offer!.Metrics : metrics.Unrouted;
        route.CountRequest(status);
        if (status == 200) route.Duration.Record(Stopwatch.GetElapsedTime(startedAt));
        if (exchange.Attempts > 1) metrics.Failovers.Add(exchange.Attempts - 1);
        if (reply.Usage is { } usage)
        {
            if (usage.PromptTokens is { } prompt) route.PromptTokens.Add(prompt);
            if (usage.CompletionTokens is { } completion) route.CompletionTokens.Add(completion);
        }
        var error = exchange.Refusal?.Message ?? (failed ? "The backend reported an error within its stream." : null);
        if (failed || status >= 500) LogFailed(exchange.RequestId, exchange.Model, status, exchange.Attempts, error ?? "");
        else if (exchange.Attempts > 1) LogFailover(exchange.RequestId, exchange.Model, exchange.Attempts, exchange.Offer!.Backend.Route);
        else LogServed(exchange.RequestId, exchange.Model, status);
        requests.Add(RecordOf(exchange, "done", status, status == 200 ? null : error));
    }

    /// <summary>The requests under way, as they are now.</summary>
    public IReadOnlyList<RouteRecord> Active() =>
        [.. watch.All().Select(e => RecordOf(e, StateName(e), 0, null))];

    private static string StateName(Exchange exchange) => exchange.State switch
    {
        ExchangeState.Queued => "queued",
        ExchangeState.Streaming when exchange.Reply.IsCommitted => "streaming",
        ExchangeState.Done => "done",
        _ => "waiting",
    };

    private RouteRecord RecordOf(Exchange exchange, string state, int status, string? error)
    {
        var duration = Stopwatch.GetElapsedTime(exchange.StartedAt);
        var reply = exchange.Reply;
        return new RouteRecord(
            exchange.RequestId, exchange.Model, exchange.Attempts > 0 ? exchange.Offer?.Backend.Route : null, status, state, exchange.Attempts, time.GetUtcNow() - duration,
            exchange.QueueTime.TotalMilliseconds, reply.IsCommitted ? reply.TimeToFirstOutput.TotalMilliseconds : null, duration.TotalMilliseconds,
            reply.Usage?.PromptTokens, reply.Usage?.CompletionTokens, error);
    }

    private ModelTarget? FindTarget(RequestDocument document)
    {
        var json = document.Body.Span[document.Model];
        Span<char> name = stackalloc char[RequestScanner.MaxModelBytes];
        var text = json[1..^1];
        if (text.IndexOf((byte)'\\') >= 0)
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            try
            {
                return catalog.Find(name[..reader.CopyString(name)]);
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
        return Encoding.UTF8.TryGetChars(text, name, out var length) ? catalog.Find(name[..length]) : null;
    }

    private async Task RefuseUnknownModelAsync(HttpContext context, RequestDocument document, string requestId, long startedAt)
    {
        var name = NameOf(document);
        var message = catalog.OfflineHolder(name) is { } holder
            ? $"The model '{name}' is not available now: the relay '{holder}', which had it, is offline."
            : $"The model '{name}' does not exist here.{Suggestion(name)}";
        await FailAsync(context, requestId, name, startedAt, 404, "model_not_found", message, "model");
    }

    private string Suggestion(string name)
    {
        var near = catalog.Near(name);
        if (near.Count > 0) return $" Did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?";
        return catalog.Listed.Count > 0 ? " GET /v1/models lists those that do." : " No model is here yet; add a relay with: mycel relay add URL";
    }

    private static string NameOf(RequestDocument document)
    {
        try
        {
            var reader = new Utf8JsonReader(document.Body.Span[document.Model]);
            reader.Read();
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "(not valid UTF-8)";
        }
    }

    private bool TryReadVia(IHeaderDictionary headers, out string via)
    {
        var passed = headers["X-Mycel-Via"].ToString();
        via = passed.Length == 0 ? node.Value : $"{passed},{node.Value}";
        if (passed.Length == 0) return true;
        var hops = passed.Split(',', StringSplitOptions.TrimEntries);
        return hops.Length <= MaxHops && !hops.Contains(node.Value, StringComparer.OrdinalIgnoreCase);
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

    private async Task FailAsync(HttpContext context, string requestId, string model, long startedAt, int status, string code, string message, string? param = null)
    {
        Record(requestId, model, message, startedAt, status, code);
        await ApiError.WriteAsync(context, status, code, message, param);
    }

    private void Record(string requestId, string model, string? message, long startedAt, int status, string? code)
    {
        metrics.Unrouted.CountRequest(status);
        var duration = Stopwatch.GetElapsedTime(startedAt);
        // The name of a model that does not exist is the caller's text: it is not counted by, and kept short.
        var shown = model.Length > 64 ? model[..64] : model;
        requests.Add(new RouteRecord(requestId, shown, null, status, "done", 0, time.GetUtcNow() - duration, 0, null, duration.TotalMilliseconds, null, null, message ?? code));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "request {Request} for {Model} failed with {Status} after {Attempts} attempts: {Reason}")]
    private partial void LogFailed(string request, string model, int status, int attempts, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "request {Request} for {Model} was answered at attempt {Attempts}, by {Route}")]
    private partial void LogFailover(string request, string model, int attempts, string route);

    [LoggerMessage(Level = LogLevel.Debug, Message = "request {Request} for {Model} ended with {Status}")]
    private partial void LogServed(string request, string model, int status);
}
