using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Mycel.Llama;

namespace Mycel.EngineBench;

/// <summary>Something that answers chats.</summary>
internal interface ITarget
{
    /// <summary>Asks; <paramref name="onText"/> is called for each piece of the answer.</summary>
    /// <returns>Tokens of the answer.</returns>
    Task<int> AskAsync(string system, string question, int tokens, Action onText);
}

/// <summary>The engine in this process, with the prompt that the model's template would give.</summary>
internal sealed class InProcessTarget(ILocalEngine engine) : ITarget
{
    public async Task<int> AskAsync(string system, string question, int tokens, Action onText)
    {
        var sink = new Sink(onText);
        engine.Generate(new GenerationRequest
        {
            Prompt = $"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
            ParseSpecial = true,
            MaxTokens = tokens,
            IgnoreEnd = true,
            Sampling = new SamplingSettings { Temperature = 0 },
        }, sink);
        var end = await sink.End.Task;
        return end.Fault is { } fault ? throw new InvalidOperationException(fault.Message) : end.CompletionTokens;
    }

    private sealed class Sink(Action onText) : IGenerationSink
    {
        public TaskCompletionSource<GenerationEnd> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnStart(int promptTokens, int cachedTokens)
        {
        }

        public void OnText(ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs) => onText();

        public void OnEnd(GenerationEnd end) => End.SetResult(end);
    }
}

/// <summary>A server with OpenAI's API, asked for streams.</summary>
internal sealed class HttpTarget(string url, string model) : ITarget, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(10) };

    public async Task<int> AskAsync(string system, string question, int tokens, Action onText)
    {
        using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new
        {
            model,
            messages = new[] { new { role = "system", content = system }, new { role = "user", content = question } },
            max_tokens = tokens,
            temperature = 0,
            stream = true,
            ignore_eos = true,
            stream_options = new { include_usage = true },
        }));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        // A server that closes kept connections while the next request is on its way would fail it.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = body };
        request.Headers.ConnectionClose = true;
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        var usage = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Contains("\"content\":\"", StringComparison.Ordinal)) onText();
            var at = line.IndexOf("\"completion_tokens\":", StringComparison.Ordinal);
            if (at >= 0) usage = int.Parse(line.AsSpan(at + 20, line.AsSpan(at + 20).IndexOfAnyExceptInRange('0', '9')));
        }
        return usage > 0 ? usage : throw new InvalidOperationException("the answer has no usage");
    }

    public void Dispose() => _http.Dispose();
}
