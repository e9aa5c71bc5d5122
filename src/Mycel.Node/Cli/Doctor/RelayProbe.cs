using System.Text.Json;
using Mycel.Node.Cli.Chat;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Asks a device itself, past the node.</summary>
internal sealed class RelayProbe : IDisposable
{
    private static readonly TimeSpan ListTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly TimeProvider _time;

    /// <summary>Compares clocks by <paramref name="time"/>.</summary>
    public RelayProbe(TimeProvider time) => _time = time;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>How far a device's clock is ahead of this one, or null when it does not answer or tell the time.</summary>
    public async Task<TimeSpan?> ReadSkewAsync(string url, CancellationToken cancel)
    {
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(ListTimeout);
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(url.TrimEnd('/') + "/v1/models"));
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            // The header has whole seconds, cut off: half a second is the best guess.
            return response.Headers.Date is { } date ? date + TimeSpan.FromSeconds(0.5) - _time.GetUtcNow() : null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException or UriFormatException)
        {
            cancel.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>Asks a device, or a node for one of its devices, for a single token; for embeddings where that is refused.</summary>
    /// <returns>Null when it generated, otherwise what it answered.</returns>
    public static async Task<string?> GenerateAsync(NodeClient server, string model, CancellationToken cancel)
    {
        try
        {
            ChatRequest question = new() { Model = model, Messages = [new ChatMessage("user", "Say hi.")], MaxTokens = 1 };
            await server.PostAsync("v1/chat/completions", JsonSerializer.Serialize(question, ClientJson.Default.ChatRequest), cancel);
            return null;
        }
        catch (NodeClientException chatError)
        {
            try
            {
                JsonElement reply = await server.PostAsync("v1/embeddings", EmbeddingRequest(model), cancel);
                return reply.ValueKind == JsonValueKind.Object && reply.TryGetProperty("data", out _) ? null : chatError.Message;
            }
            catch (NodeClientException)
            {
                return chatError.Message;
            }
        }
    }

    /// <summary>A model that more likely chats than embeds, by its name.</summary>
    public static string Choose(IReadOnlyList<string> models)
    {
        string[] embedders = ["embed", "minilm", "bge-", "e5-", "gte-", "rerank"];
        return models.FirstOrDefault(model => !embedders.Any(word => model.Contains(word, StringComparison.OrdinalIgnoreCase))) ?? models[0];
    }

    private static string EmbeddingRequest(string model) => $$"""{"model":{{JsonSerializer.Serialize(model, ClientJson.Default.String)}},"input":"hi"}""";
}
