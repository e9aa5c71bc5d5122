using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Mycel.Node.Admission;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Execution;

/// <summary>Runs admitted requests to their end and writes them down, whoever sent them: an HTTP client or another node.</summary>
internal sealed partial class RequestRunner(
    IOptionsSource options, Dispatcher dispatcher, ExchangeWatch watch, NodeMetrics metrics, RequestLog requests, TimeProvider time, ILogger<RequestRunner> logger)
{
    private const int ClientGoneStatus = 499;
    private const int BrokenStatus = 599;
    private const int MaxModelShown = 64;

    /// <summary>A request about to be run; the caller disposes of it when it has answered.</summary>
    /// <param name="call">What backends are asked.</param>
    /// <param name="target">What was asked for.</param>
    /// <param name="channel">The way back.</param>
    /// <param name="startedAt">When it came, in <see cref="Stopwatch"/> ticks.</param>
    public Exchange Begin(BackendCall call, ModelTarget target, IReplyChannel channel, long startedAt) =>
        new(target, call, channel, startedAt, dispatcher, options.Current, metrics);

    /// <summary>Runs a request until it is answered, refused, broken, or ended by <see cref="Exchange.End"/> because the caller is gone.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="place">Its place within the caller's limits, given back here.</param>
    public async ValueTask<ExchangeEnd> RunAsync(Exchange exchange, LimitedPlace place)
    {
        watch.Add(exchange);
        try
        {
            return await exchange.RunAsync();
        }
        finally
        {
            // First the place, then the count: who sees no request under way any more finds its place free.
            place.Leave();
            watch.Remove(exchange);
        }
    }

    /// <summary>Counts a finished request and writes it down.</summary>
    public void Settle(Exchange exchange, ExchangeEnd end)
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
        if (status == 200) route.Duration.Record(Stopwatch.GetElapsedTime(exchange.StartedAt));
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

    /// <summary>Writes down a request that was refused before any backend was asked.</summary>
    /// <param name="requestId">Its id.</param>
    /// <param name="model">The model it names, or empty.</param>
    /// <param name="startedAt">When it came, in <see cref="Stopwatch"/> ticks.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="error">What it was told, or the code.</param>
    /// <param name="isModelKnown">Whether there is, or was, such a model.</param>
    public void RecordRefusal(string requestId, string model, long startedAt, int status, string? error, bool isModelKnown = true)
    {
        metrics.Unrouted.CountRequest(status);
        var duration = Stopwatch.GetElapsedTime(startedAt);
        // The name of a model that does not exist is the caller's text: it is not counted by, and kept short.
        var shown = model.Length > MaxModelShown ? model[..MaxModelShown] : model;
        requests.Add(new RouteRecord(requestId, shown, null, status, "done", 0, time.GetUtcNow() - duration, 0, null, duration.TotalMilliseconds, null, null, error, isModelKnown));
    }

    /// <summary>The requests under way, as they are now.</summary>
    public IReadOnlyList<RouteRecord> Active() => [.. watch.All().Select(e => RecordOf(e, StateName(e), 0, null))];

    /// <summary>Ends a request under way on the owner's word; its caller is told so.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Cancel(string requestId)
    {
        var found = watch.All().Where(exchange => exchange.RequestId == requestId).ToList();
        foreach (var exchange in found) exchange.End(EndReason.Cancelled);
        return found.Count > 0;
    }

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

    /// <summary>Looks up what a request asks for, without making a string of its name where that can be helped.</summary>
    /// <typeparam name="T">What is found.</typeparam>
    /// <param name="document">The request.</param>
    /// <param name="find">Finds by name.</param>
    public static T? FindModel<T>(RequestDocument document, FindByName<T> find)
        where T : class
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
                return find(name[..reader.CopyString(name)]);
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
        return Encoding.UTF8.TryGetChars(text, name, out var length) ? find(name[..length]) : null;
    }

    public delegate T? FindByName<T>(ReadOnlySpan<char> name)
        where T : class;

    /// <summary>The name of the model that a request asks for, for messages.</summary>
    public static string NameOf(RequestDocument document)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "request {Request} for {Model} failed with {Status} after {Attempts} attempts: {Reason}")]
    private partial void LogFailed(string request, string model, int status, int attempts, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "request {Request} for {Model} was answered at attempt {Attempts}, by {Route}")]
    private partial void LogFailover(string request, string model, int attempts, string route);

    [LoggerMessage(Level = LogLevel.Debug, Message = "request {Request} for {Model} ended with {Status}")]
    private partial void LogServed(string request, string model, int status);
}
