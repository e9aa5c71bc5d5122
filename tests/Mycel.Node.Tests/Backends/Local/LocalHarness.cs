using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Mycel.Llama;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Local;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Tests.Execution;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>A local backend on a fake engine, asked over the node's own way back.</summary>
internal sealed class LocalHarness : IEngineSource
{
    public const string Hello = """[{"role":"user","content":"Hello"}]""";

    private readonly ManualTime _time = new();
    private BackendCall? _call;
    private int _attempt;

    public LocalHarness(bool allowsGrammar = false)
    {
        Get = _ => ValueTask.FromResult<ILocalEngine>(Engine);
        Backend = new LocalBackend("tiny", 4, this, _time, () => allowsGrammar, _ => Chats);
    }

    public FakeEngine Engine { get; } = new();

    public FakeChats Chats { get; } = new();

    public LocalBackend Backend { get; }

    /// <summary>Where the engine comes from.</summary>
    public Func<CancellationToken, ValueTask<ILocalEngine>> Get { get; set; }

    public MemoryChannel Channel { get; private set; } = new();

    public ReplyRelay? Relay { get; private set; }

    /// <summary>The call under way.</summary>
    public BackendCall Call => _call!;

    public string Text => Channel.Text;

    ValueTask<ILocalEngine> IEngineSource.GetAsync(CancellationToken cancellation) => Get(cancellation);

    /// <summary>Asks with a body made of the fields given beside the model.</summary>
    public Task<AttemptOutcome> AskAsync(InferenceKind kind, string fields) => AskBodyAsync(kind, $$"""{"model":"tiny",{{fields}}}""");

    public Task<AttemptOutcome> ChatAsync(string fields = "\"stream\":false") => AskAsync(InferenceKind.Chat, $"\"messages\":{Hello},{fields}");

    public Task<AttemptOutcome> CompleteAsync(string fields) => AskAsync(InferenceKind.Completion, fields);

    public Task<AttemptOutcome> EmbedAsync(string fields) => AskAsync(InferenceKind.Embedding, fields);

    public Task<AttemptOutcome> AskBodyAsync(InferenceKind kind, string body) => AskBodyAsync(kind, Encoding.UTF8.GetBytes(body));

    public async Task<AttemptOutcome> AskBodyAsync(InferenceKind kind, byte[] body)
    {
        var document = RequestScanner.Scan(kind, body, out var fault);
        Assert.True(document is not null, fault?.Message);
        _call = new BackendCall { Kind = kind, RequestId = "req-1", Headers = default, Document = document, ConnectTimeout = TimeSpan.FromSeconds(5) };
        Channel = new MemoryChannel();
        var metrics = new RouteMetrics("local:tiny", "tiny");
        Relay = new ReplyRelay(Channel, takeOutUsage: !document.AsksUsage) { StartedAt = Stopwatch.GetTimestamp() };
        Relay.BeginAttempt(new RouteTaken("local:tiny", 1, default, default), metrics);
        _call.BeginAttempt(++_attempt);
        try
        {
            return await Backend.AttemptAsync(_call, new Offer(Backend, "tiny", metrics), Relay);
        }
        finally
        {
            _call.FinishAttempt();
        }
    }

    public void EndAttempt(EndReason reason) => Call.EndAttempt(_attempt, reason);

    /// <summary>The document that was answered.</summary>
    public JsonElement Document()
    {
        Assert.Equal("application/json", Assert.Single(Channel.Starts).Head.ContentType);
        return JsonDocument.Parse(Channel.Bytes).RootElement;
    }

    /// <summary>The events that were answered, the end mark checked and left out.</summary>
    public IReadOnlyList<JsonElement> Events()
    {
        Assert.Equal("text/event-stream; charset=utf-8", Assert.Single(Channel.Starts).Head.ContentType);
        var events = SseParser.Parse(Channel.Bytes);
        Assert.Equal("[DONE]", events[^1].Data);
        return [.. events.SkipLast(1).Select(e => JsonDocument.Parse(e.Data).RootElement)];
    }

    /// <summary>The text of one choice of a stream.</summary>
    public string Streamed(int choice, string field = "content") => string.Concat(Events()
        .SelectMany(e => e.GetProperty("choices").EnumerateArray())
        .Where(c => c.GetProperty("index").GetInt32() == choice)
        .Select(c => c.TryGetProperty("delta", out var delta) ? delta : c)
        .Select(d => d.TryGetProperty(field, out var text) ? text.GetString() : ""));

    /// <summary>Checks that a request was refused for a field.</summary>
    public static JsonElement Refused(AttemptOutcome outcome, string code, string? param)
    {
        Assert.Equal(AttemptKind.Rejected, outcome.Kind);
        Assert.Equal(400, outcome.Refusal!.Status);
        var error = JsonDocument.Parse(outcome.Refusal.Body!).RootElement.GetProperty("error");
        Assert.Equal((code, param), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(outcome.Refusal.Message, error.GetProperty("message").GetString());
        return error;
    }
}
