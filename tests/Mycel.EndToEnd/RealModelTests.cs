using System.ClientModel;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace Mycel.EndToEnd;

/// <summary>A real model answers, streams and embeds through the node as it does without it.</summary>
public sealed class RealModelTests(RealBackend backend) : IClassFixture<RealBackend>, IAsyncLifetime
{
    private static readonly string[] Texts = ["A mycelium is a network.", "Ein Netz aus feinen Fäden.", "42"];

    private NodeProcess? _node;

    private NodeProcess Node => _node!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(backend.WhyNot is not null, $"No real model: {backend.WhyNot}");
        _node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--relay", backend.Url] });
        await Poll.UntilAsync(async () => (await Node.ModelIdsAsync()).Count == 2, "both models are listed");
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null) await _node.DisposeAsync();
    }

    [Theory]
    [InlineData("What is the capital of France?", "Paris")]
    [InlineData("Say hello in German.", "")]
    public async Task A_question_is_answered_as_without_the_node(string question, string expected)
    {
        var direct = Seen(await AskAsync(backend.Url, backend.ChatModel, question, stream: false));
        foreach (var model in new[] { backend.ChatModel, "relay:" + backend.ChatModel })
        {
            Assert.Equal(direct, Seen(await AskAsync(Node.Url, model, question, stream: false)));
        }

        Assert.Contains(expected, direct);
    }

    [Fact]
    public async Task A_stream_brings_the_same_tokens_as_without_the_node()
    {
        const string question = "Name three animals of the forest.";
        var direct = await AskAsync(backend.Url, backend.ChatModel, question, stream: true);
        var through = await AskAsync(Node.Url, "relay:" + backend.ChatModel, question, stream: true);
        Assert.Equal(Sse.Contents(direct.Text), Sse.Contents(through.Text));
        Assert.True(Sse.Contents(through.Text).Count > 5);
        Assert.EndsWith(Sse.Done, through.Text);
        Assert.Equal(Sse.Events(direct.Text).Count, Sse.Events(through.Text).Count);
        var record = await Node.RecordAsync(through["X-Request-ID"]!);
        Assert.True((int?)record["completion_tokens"] > 5, record.ToJsonString());
        Assert.True((double?)record["ttft_ms"] > 0, record.ToJsonString());
    }

    [Fact]
    public async Task Texts_are_embedded_as_without_the_node()
    {
        foreach (var format in new[] { "float", "base64" })
        {
            var direct = await EmbedAsync(backend.Url, backend.EmbeddingModel, format);
            var through = await EmbedAsync(Node.Url, "relay:" + backend.EmbeddingModel, format);
            Assert.True(JsonNode.DeepEquals(direct, through));
            Assert.Equal(Texts.Length, through["data"]!.AsArray().Count);
        }
    }

    [Fact]
    public async Task The_official_library_talks_with_it()
    {
        var client = new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(Node.Url + "/v1") });
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24 };
        ChatCompletion answer = await client.GetChatClient("relay:" + backend.ChatModel).CompleteChatAsync([new UserChatMessage("What is the capital of France?")], options);
        Assert.Contains("Paris", answer.Content[0].Text);
        OpenAIEmbedding vector = await client.GetEmbeddingClient("relay:" + backend.EmbeddingModel).GenerateEmbeddingAsync(Texts[0]);
        Assert.Equal(384, vector.ToFloats().Length);
    }

    [Fact]
    public async Task A_caller_who_leaves_stops_the_model()
    {
        var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, Question(backend.ChatModel, "Write a very long story.", stream: true, most: 1_500)));
        await client.ReadHeadAsync();
        await client.ReadUntilAsync("content");
        client.HangUp();
        await Node.IdleAsync(TimeSpan.FromSeconds(1));

        // The backend has two places; while the story is written, which takes it half a minute, these cannot both be served at once.
        await Poll.UntilAsync(
            async () =>
            {
                var question = Question(backend.ChatModel, "Hi", stream: false, most: 2);
                var replies = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Node.PostAsync(NodeCalls.ChatPath, question)));
                return replies.All(reply => reply.Status == 200);
            },
            "both places of the backend are free",
            TimeSpan.FromSeconds(6));
    }

    private static string Question(string model, string question, bool stream, int most = 40) =>
        new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
            ["temperature"] = 0,
            ["seed"] = 7,
            ["max_tokens"] = most,
            ["stream"] = stream,
        }.ToJsonString();

    private static async Task<Reply> AskAsync(string url, string model, string question, bool stream)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
        return (await client.CallAsync(HttpMethod.Post, NodeCalls.ChatPath, Question(model, question, stream))).MustBe(200);
    }

    private static async Task<JsonNode> EmbedAsync(string url, string model, string format)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
        var body = new JsonObject { ["model"] = model, ["input"] = new JsonArray([.. Texts.Select(text => (JsonNode)text)]), ["encoding_format"] = format };
        return (await client.CallAsync(HttpMethod.Post, "/v1/embeddings", body.ToJsonString())).MustBe(200).Json;
    }

    /// <summary>What does not differ between two answers to one question: all but the answer's id and time.</summary>
    private static string Seen(Reply reply)
    {
        var json = reply.Json;
        return json["choices"]!.ToJsonString() + json["usage"]!.ToJsonString() + json["model"];
    }
}
