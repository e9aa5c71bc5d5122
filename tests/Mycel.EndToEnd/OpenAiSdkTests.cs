using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace Mycel.EndToEnd;

/// <summary>The official OpenAI library as a client, as its users write it.</summary>
public sealed class OpenAiSdkTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private NodeProcess Node => shared.Node;

    [Fact]
    public async Task A_chat()
    {
        await using var device = await shared.AddAsync();
        ChatCompletion answer = await Client().GetChatClient(device.Model).CompleteChatAsync("Hi");
        Assert.Equal("Hello there!", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(10, answer.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task A_streamed_chat_with_its_usage()
    {
        await using var device = await shared.AddAsync();
        var texts = new List<string>();
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;
        await foreach (var update in Client().GetChatClient("relay:" + device.Model).CompleteChatStreamingAsync("Hi"))
        {
            texts.AddRange(update.ContentUpdate.Select(part => part.Text).Where(text => text.Length > 0));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(["Hello", " there", "!"], texts);
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.Equal(7, usage!.InputTokenCount);
        Assert.Equal(3, usage.OutputTokenCount);
    }

    [Fact]
    public async Task Tools_go_out_and_calls_come_back()
    {
        await using var device = await shared.AddAsync();
        device.Next(
            Scripts.Json(200, """{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}"""),
            Scripts.Stream(
                Sse.Event("m", """{"role":"assistant","tool_calls":[{"index":0,"id":"call_2","type":"function","function":{"name":"weather","arguments":""}}]}""")
                + Sse.Event("m", """{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}""")
                + Sse.Event("m", """{"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]}""")
                + Sse.Finish("tool_calls") + Sse.Done));
        var options = new ChatCompletionOptions
        {
            Tools = { ChatTool.CreateFunctionTool("weather", "The weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""")) },
        };
        var client = Client().GetChatClient(device.Model);
        ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage("Weather?")], options);
        Assert.Equal("""{"city":"Köln"}""", answer.ToolCalls.Single().FunctionArguments.ToString());
        Assert.Equal("weather", (string?)device.Requests[0].Json["tools"]![0]!["function"]!["name"]);

        var arguments = "";
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Weather?")], options))
        {
            arguments += string.Concat(update.ToolCallUpdates.Select(call => call.FunctionArgumentsUpdate?.ToString()));
        }

        Assert.Equal("""{"city":"Oslo"}""", arguments);
    }

    [Fact]
    public async Task Embeddings_in_both_encodings()
    {
        await using var device = await shared.AddAsync();
        var client = Client().GetEmbeddingClient(device.Model);
        OpenAIEmbedding vector = await client.GenerateEmbeddingAsync("text");
        Assert.Equal([0.25f, -0.5f, 1f], vector.ToFloats().ToArray());
        Assert.Contains("base64", device.Requests[0].BodyText);

        var raw = (await Node.PostAsync("/v1/embeddings", $$"""{"model":"{{device.Model}}","input":["text"],"encoding_format":"float"}""")).MustBe(200).Json;
        Assert.Equal([0.25f, -0.5f, 1f], raw["data"]![0]!["embedding"]!.AsArray().Select(value => (float)value!));
    }

    [Fact]
    public async Task The_models_and_one_of_them()
    {
        await using var device = await shared.AddAsync();
        var client = Client().GetOpenAIModelClient();
        var models = (await client.GetModelsAsync()).Value;
        var listed = Assert.Single(models, model => model.Id == "relay:" + device.Model);
        Assert.Equal("relay", listed.OwnedBy);
        var one = (await client.GetModelAsync(listed.Id)).Value;
        Assert.Equal(listed.Id, one.Id);
        Assert.Equal(listed.CreatedAt, one.CreatedAt);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => client.GetModelAsync("nobody"))).Status);
    }

    [Fact]
    public async Task Refusals_arrive_with_their_status_and_sentence()
    {
        await using var device = await shared.AddAsync();
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client().GetChatClient("nobody").CompleteChatAsync("Hi"));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("model_not_found", unknown.Message);
        Assert.Contains("nobody", unknown.Message);

        device.Next(Scripts.Json(400, """{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"""));
        var mistake = await Assert.ThrowsAsync<ClientResultException>(() => Client().GetChatClient(device.Model).CompleteChatAsync("Hi"));
        Assert.Equal(400, mistake.Status);
        Assert.Contains("context_length_exceeded", mistake.Message);

        device.Next(Scripts.Json(500, "{}"));
        var broken = await Assert.ThrowsAsync<ClientResultException>(async () =>
        {
            await foreach (var update in Client().GetChatClient(device.Model).CompleteChatStreamingAsync("Hi")) Assert.Empty(update.ContentUpdate);
        });
        Assert.Equal(500, broken.Status);
    }

    [Fact]
    public async Task The_librarys_own_retries_end_well_when_the_device_recovers()
    {
        await using var device = await shared.AddAsync();
        device.Next(Scripts.Json(429, """{"error":{"message":"busy","type":"x","param":null,"code":null}}""", "Retry-After: 1\r\n"));
        var client = new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(Node.Url + "/v1") }).GetChatClient(device.Model);
        ChatCompletion answer = await client.CompleteChatAsync("Hi");
        Assert.Equal("Hello there!", answer.Content[0].Text);
        Assert.Equal(2, device.Requests.Count);
    }

    [Fact]
    public async Task A_stream_that_breaks_is_no_good_end_for_the_library()
    {
        await using var device = await shared.AddAsync();
        device.Next(Scripts.StreamThen(End.Reset, Sse.Role(), Sse.Token("one")));
        ChatFinishReason? finish = null;
        try
        {
            await foreach (var update in Client().GetChatClient(device.Model).CompleteChatStreamingAsync("Hi")) finish = update.FinishReason ?? finish;
        }
        catch (Exception e) when (e is ClientResultException or System.Text.Json.JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // The library may throw on the error event; what it must not see is a finished answer.
        }

        Assert.Null(finish);
    }

    [Fact]
    public async Task Leaving_a_stream_early_stops_the_device()
    {
        await using var device = await shared.AddAsync();
        device.OnRequest = Scripts.StreamThen(End.Hang, Sse.Role(), Sse.Token("one"));
        using var cancel = new CancellationTokenSource();
        var clock = new Stopwatch();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in Client().GetChatClient(device.Model).CompleteChatStreamingAsync([new UserChatMessage("Hi")], null, cancel.Token))
            {
                if (!update.ContentUpdate.Any(part => part.Text == "one")) continue;
                clock.Start();
                await cancel.CancelAsync();
            }
        });
        await (await device.RequestAsync()).Closed.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"{clock.Elapsed.TotalSeconds:0.00} s");
    }

    [Fact]
    public async Task A_key_is_given_as_the_library_gives_it()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        var key = await node.CreateKeyAsync("library");
        ChatCompletion answer = await Client(key, node).GetChatClient("m").CompleteChatAsync("Hi");
        Assert.Equal("Hello there!", answer.Content[0].Text);
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => Client("wrong", node).GetChatClient("m").CompleteChatAsync("Hi"));
        Assert.Equal(401, refused.Status);
    }

    /// <summary>A transport that hangs up when a reply is left early, where the platform's own first reads on for two seconds.</summary>
    private static HttpClientPipelineTransport PromptTransport() => new(new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }));

    private OpenAIClient Client(string key = "none", NodeProcess? node = null) => new(new ApiKeyCredential(key), new OpenAIClientOptions
    {
        Endpoint = new Uri((node ?? Node).Url + "/v1"),
        RetryPolicy = new ClientRetryPolicy(0),
        Transport = PromptTransport(),
        NetworkTimeout = TimeSpan.FromSeconds(30),
    });
}
