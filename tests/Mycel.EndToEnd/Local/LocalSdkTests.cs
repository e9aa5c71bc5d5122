using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Harness;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace Mycel.EndToEnd.Local;

/// <summary>The official OpenAI library talks with real models that the node computes itself.</summary>
public sealed class LocalSdkTests(LocalSdkTests.RealModels models) : IClassFixture<LocalSdkTests.RealModels>
{
    /// <summary>A node with both real models; none where they are not to be had.</summary>
    public sealed class RealModels : IAsyncLifetime
    {
        private NodeProcess? _node;

        internal NodeProcess Node => _node!;

        public async ValueTask InitializeAsync()
        {
            if (!SharedModels.Exist) return;
            _node = await NodeProcess.StartAsync(new NodeSetup
            {
                Arguments = ["--model", "smol=" + SharedModels.Path(SharedModels.Smol), "--model", "minilm=" + SharedModels.Path(SharedModels.MiniLm)],
                Yaml = "engine:\n  context: 2048\n",
            });
            foreach (var model in new[] { "smol", "minilm" }) await _node.LoadedAsync(model);
        }

        public async ValueTask DisposeAsync()
        {
            if (_node is not null) await _node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_question_is_answered_plain_and_streamed()
    {
        ChatMessage[] question = [new UserChatMessage("What is the capital of Japan?")];
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24 };
        ChatCompletion answer = await Chat().CompleteChatAsync(question, options);
        Assert.Contains("Tokyo", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);

        var text = "";
        ChatTokenUsage? usage = null;
        await foreach (var update in Chat().CompleteChatStreamingAsync(question, options))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
        }

        Assert.Equal(answer.Content[0].Text, text);
        Assert.Equal(answer.Usage.OutputTokenCount, usage!.OutputTokenCount);
        Assert.Equal(answer.Usage.InputTokenCount, usage.InputTokenCount);
    }

    [Fact]
    public async Task By_a_JSON_schema()
    {
        var schema = BinaryData.FromString("""{"type":"object","properties":{"capital":{"type":"string","maxLength":30},"country":{"type":"string","maxLength":30}},"required":["capital","country"],"additionalProperties":false}""");
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 100,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("place", schema, jsonSchemaIsStrict: true),
        };
        ChatCompletion answer = await Chat().CompleteChatAsync([new UserChatMessage("What is the capital of France? Answer as JSON.")], options);
        var json = JsonNode.Parse(answer.Content[0].Text)!.AsObject();
        Assert.Equal(["capital", "country"], json.Select(member => member.Key).Order(StringComparer.Ordinal));
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task With_a_tool_it_has_to_call_and_the_tools_answer()
    {
        var tool = ChatTool.CreateFunctionTool("weather", "The weather in a city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string","maxLength":20}},"required":["city"],"additionalProperties":false}"""));
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 120, Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice(), AllowParallelToolCalls = false };
        List<ChatMessage> messages = [new UserChatMessage("What is the weather in Oslo?")];
        ChatCompletion call = await Chat().CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.ToolCalls, call.FinishReason);
        var asked = Assert.Single(call.ToolCalls);
        Assert.Equal("weather", asked.FunctionName);
        Assert.NotNull((string?)JsonNode.Parse(asked.FunctionArguments.ToString())!["city"]);

        messages.AddRange([new AssistantChatMessage(call), new ToolChatMessage(asked.Id, "Sunny, 21 degrees.")]);
        options.ToolChoice = ChatToolChoice.CreateNoneChoice();
        ChatCompletion answer = await Chat().CompleteChatAsync(messages, options);
        Assert.NotEqual("", answer.Content[0].Text);

        options.ToolChoice = ChatToolChoice.CreateAutoChoice();
        Assert.NotNull((await Chat().CompleteChatAsync([new UserChatMessage("Hello!")], options)).Value);
    }

    [Fact]
    public async Task Embeddings_are_those_of_the_reference()
    {
        var file = Path.ChangeExtension(SharedModels.Path(SharedModels.MiniLm), ".reference.json");
        var reference = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsArray();
        var texts = reference.Select(entry => (string)entry!["text"]!).ToList();
        var vectors = (await Client().GetEmbeddingClient("minilm").GenerateEmbeddingsAsync(texts)).Value;
        Assert.Equal(texts.Count, vectors.Count);
        var floats = (await models.Node.PostAsync("/v1/embeddings", new JsonObject
        {
            ["model"] = "minilm",
            ["input"] = new JsonArray([.. texts.Select(text => (JsonNode)text)]),
            ["encoding_format"] = "float",
        }.ToJsonString())).MustBe(200).Json;
        for (var i = 0; i < texts.Count; i++)
        {
            var expected = reference[i]!["embedding"]!.AsArray().Select(value => (float)value!).ToArray();
            Assert.True(Cosine(expected, vectors[i].ToFloats().Span) >= 0.995, texts[i]);
            var asFloats = floats["data"]![i]!["embedding"]!.AsArray().Select(value => (float)value!).ToArray();
            Assert.True(Cosine(asFloats, vectors[i].ToFloats().Span) > 0.99999, texts[i]);
        }

        var tokens = reference.Sum(entry => entry!["ids"]!.AsArray().Count);
        Assert.Equal(tokens, (int)floats["usage"]!["prompt_tokens"]!);
        OpenAIEmbedding one = await Client().GetEmbeddingClient("minilm").GenerateEmbeddingAsync(texts[0]);
        Assert.True(Cosine(one.ToFloats().Span, vectors[0].ToFloats().Span) > 0.999);
    }

    [Fact]
    public async Task The_models_are_this_nodes_own()
    {
        SharedModels.Path(SharedModels.Smol);
        var listed = (await Client().GetOpenAIModelClient().GetModelsAsync()).Value;
        Assert.Equal(["minilm", "smol"], listed.Select(model => model.Id).Order(StringComparer.Ordinal));
        Assert.All(listed, model => Assert.Equal("local", model.OwnedBy));
        var wrong = await Assert.ThrowsAsync<ClientResultException>(() => Client().GetChatClient("minilm").CompleteChatAsync("hi"));
        Assert.Equal(400, wrong.Status);
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(a.Length, b.Length);
        double dot = 0, left = 0, right = 0;
        for (var i = 0; i < a.Length; i++)
        {
            dot += a[i] * b[i];
            left += a[i] * a[i];
            right += b[i] * b[i];
        }

        return dot / Math.Sqrt(left * right);
    }

    private ChatClient Chat() => Client().GetChatClient("smol");

    private OpenAIClient Client()
    {
        SharedModels.Path(SharedModels.Smol);
        return new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(models.Node.Url + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
    }
}
