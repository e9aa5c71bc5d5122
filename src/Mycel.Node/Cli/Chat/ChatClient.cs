using System.Text;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>Asks a node (or any OpenAI-compatible server) questions and passes the answer on while it arrives.</summary>
internal sealed class ChatClient
{
    /// <summary>Most that is read of one answer, in characters of its events; a server that sends more is not listened to any further.</summary>
    private const long MaxStreamLength = 256L << 20;

    private readonly NodeClient _node;
    private readonly TimeProvider _time;

    /// <summary>Asks through <paramref name="node"/>.</summary>
    public ChatClient(NodeClient node, TimeProvider time)
    {
        _node = node;
        _time = time;
    }

    /// <summary>Ids of the models on offer, in the server's order.</summary>
    public async Task<IReadOnlyList<string>> ListModelsAsync(CancellationToken cancel)
    {
        ModelListReply list = await _node.GetAsync("v1/models", ClientJson.Default.ModelListReply, cancel);
        return [.. list.Data.Select(model => Printable.Line(model.Id)).Where(id => id.Length > 0)];
    }

    /// <summary>Nodes that have models, but are not linked now; none where the server tells nothing of nodes, or not to this caller.</summary>
    public async Task<IReadOnlyList<PeerReply>> ListMissedAsync(CancellationToken cancel)
    {
        try
        {
            PeerListReply list = await _node.GetAsync("v1/node/peers", ClientJson.Default.PeerListReply, cancel);
            return [.. list.Peers.Where(peer => !peer.Linked && peer.Models.Count > 0)];
        }
        catch (NodeClientException)
        {
            return [];
        }
    }

    /// <summary>Asks, and gives each piece to <paramref name="onDelta"/>. What goes wrong before the answer is an exception;
    /// what goes wrong within it, and being cancelled, is told by the answer.</summary>
    /// <exception cref="NodeClientException">The question could not be put, or was refused.</exception>
    public async Task<ChatAnswer> AskAsync(string model, IReadOnlyList<ChatMessage> messages, Action<ChatDelta> onDelta, CancellationToken cancel)
    {
        ChatRequest request = new() { Model = model, Messages = messages, Stream = true, StreamOptions = new(IncludeUsage: true) };
        string json = JsonSerializer.Serialize(request, ClientJson.Default.ChatRequest);
        ChatAnswer answer = new();
        long start = _time.GetTimestamp();
        try
        {
            using HttpResponseMessage response = await _node.PostForStreamAsync("v1/chat/completions", json, cancel);
            answer.Route = response.Headers.TryGetValues("X-Mycel-Route", out IEnumerable<string>? routes) ? Printable.Line(routes.First()) : null;
            await ReadAsync(response, answer, delta =>
            {
                answer.FirstToken ??= _time.GetElapsedTime(start);
                answer.Add(delta);
                onDelta(delta);
            }, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            answer.Interrupted = true;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            if (cancel.IsCancellationRequested) answer.Interrupted = true;
            else answer.Error = $"The connection broke in the middle of the answer: {Printable.Line(error.Message)}";
        }
        catch (InvalidDataException error)
        {
            answer.Error = error.Message;
        }

        answer.Total = _time.GetElapsedTime(start);
        return answer;
    }

    private static async Task ReadAsync(HttpResponseMessage response, ChatAnswer answer, Action<ChatDelta> onDelta, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentType?.MediaType == "application/json")
        {
            // A server that can't stream answers in one piece.
            ReadEvent(await NodeClient.ReadBodyAsync(response, NodeClient.MaxAnswerBytes, cancel), answer, onDelta);
            return;
        }

        await using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
        bool done = false;
        long length = 0;
        await foreach (string data in new SseReader(stream).ReadAsync(cancel))
        {
            length += data.Length;
            if (data == "[DONE]") done = true;
            else ReadEvent(Encoding.UTF8.GetBytes(data), answer, onDelta);
            if (done || answer.Error is not null) return;
            if (length > MaxStreamLength)
                throw new InvalidDataException("The answer does not end; the rest was left unread.");
        }

        if (answer.FinishReason is null)
            answer.Error = "The answer broke off: the server closed the connection before the end. Ask again.";
    }

    private static void ReadEvent(byte[] data, ChatAnswer answer, Action<ChatDelta> onDelta)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(data);
            ChatChunk.Read(document.RootElement, answer, onDelta);
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"The server sent something that is no part of an answer: {Printable.Line(Encoding.UTF8.GetString(data), 80)}");
        }
    }
}
