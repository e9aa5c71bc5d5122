using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>A node with a model, and one with a relay to it: whoever is asked, the answer is the same.</summary>
public sealed class TwoNodesTests(TwoNodesTests.Pair pair) : IClassFixture<TwoNodesTests.Pair>
{
    private const string Tool = """{"type":"function","function":{"name":"weather","description":"The weather","parameters":{"type":"object","properties":{"city":{"type":"string","enum":["Oslo","Rome"]}},"required":["city"]}}}""";

    /// <summary>Both nodes.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        internal NodeProcess Home { get; private set; } = null!;

        internal NodeProcess Away { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Home = await LocalCalls.StartAsync();
            Away = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--relay", Home.Url] });
            await Poll.UntilAsync(async () => (await Away.ModelIdsAsync()).Contains("relay:" + LocalCalls.Tiny), "the second node lists the first one's model");
        }

        public async ValueTask DisposeAsync()
        {
            await Away.DisposeAsync();
            await Home.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("\"temperature\":0,\"max_tokens\":40")]
    [InlineData("\"temperature\":1,\"seed\":7,\"max_tokens\":40")]
    [InlineData("\"temperature\":1.3,\"seed\":7,\"n\":3,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"const\":\"the same\"}}}")]
    [InlineData("\"temperature\":0,\"max_tokens\":60,\"ignore_eos\":true,\"stop\":[\".\",\"the\"]")]
    [InlineData("\"temperature\":0,\"max_tokens\":6,\"logprobs\":true,\"top_logprobs\":3")]
    [InlineData("\"seed\":3,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"]}}}")]
    [InlineData("\"seed\":5,\"tool_choice\":\"required\",\"tools\":[" + Tool + "]")]
    [InlineData("\"temperature\":0,\"messages\":[{\"role\":\"system\",\"content\":\"Be brief – ünïcode 你好 🍄.\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}]}]")]
    public async Task Every_answer_is_the_same(string fields)
    {
        foreach (var stream in new[] { false, true })
        {
            var direct = await Fresh(pair.Home, LocalCalls.Tiny, fields, stream);
            Assert.Equal(direct, await Fresh(pair.Away, LocalCalls.Tiny, fields, stream));
            Assert.Equal(direct, await Fresh(pair.Away, "relay:" + LocalCalls.Tiny, fields, stream));
        }
    }

    [Theory]
    [InlineData("\"temperature\":3", "temperature")]
    [InlineData("\"no_such_field\":1", "no_such_field")]
    [InlineData("\"messages\":[]", "messages")]
    [InlineData("\"max_tokens\":\"many\"", "max_tokens")]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "response_format.type")]
    public async Task Every_refusal_is_the_same(string fields, string param)
    {
        foreach (var stream in new[] { false, true })
        {
            var body = LocalCalls.Chat("hi", fields, stream);
            var direct = await pair.Home.PostAsync(NodeCalls.ChatPath, body);
            direct.MustRefuse(400);
            Assert.Equal(param, (string?)direct.Json["error"]!["param"]);
            var through = await pair.Away.PostAsync(NodeCalls.ChatPath, body);
            Assert.Equal(direct.Text, through.MustBe(400).Text);
        }
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_refused_alike_with_the_numbers()
    {
        var body = LocalCalls.Chat(string.Concat(Enumerable.Repeat("It is a truth universally acknowledged. ", 200)));
        var direct = await pair.Home.PostAsync(NodeCalls.ChatPath, body);
        Assert.Contains("512", direct.MustRefuse(400, "context_length_exceeded"));
        Assert.Equal(direct.Text, (await pair.Away.PostAsync(NodeCalls.ChatPath, body)).MustBe(400).Text);
    }

    private static int IndexOf(string data) => data != "[DONE]" && JsonNode.Parse(data)!["choices"] is JsonArray { Count: > 0 } choices ? (int)choices[0]!["index"]! : int.MaxValue;

    /// <summary>
    /// An answer of an engine that was just started. The last digits of what llama.cpp computes depend on where in its cache the tokens lie, and a
    /// near-tie makes another word of that: only from an empty cache are two answers equal byte for byte.
    /// </summary>
    private async Task<string> Fresh(NodeProcess node, string model, string fields, bool stream)
    {
        var restarts = await RestartsAsync();
        ProcessSignals.Send(pair.Home.EngineId(), LocalCalls.Kill);
        await Poll.UntilAsync(async () => await RestartsAsync() > restarts, "the node knows that its engine is gone");
        return await Raw(node, model, fields, stream);

        async Task<int> RestartsAsync() => (int)(await pair.Home.LocalAsync())["restarts"]!;
    }

    /// <summary>A reply's bytes, less what is another with every request: ids, dates and times.</summary>
    private static async Task<string> Raw(NodeProcess node, string model, string fields, bool stream)
    {
        var reply = (await node.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("Tell me of the sea.", fields, stream, model))).MustBe(200);
        // Several answers are told as they come, so that their events mix; each answer's own keep their order.
        IEnumerable<string> documents = stream ? Sse.Events(reply.Text).OrderBy(IndexOf) : [reply.Text];
        return string.Join('\n', documents.Select(text =>
        {
            if (text == "[DONE]") return text;
            var json = JsonNode.Parse(text)!.AsObject();
            Assert.Null(json["error"]);
            foreach (var changing in new[] { "id", "created", "timings", "model" }) json.Remove(changing);
            foreach (var choice in json["choices"]!.AsArray())
            {
                foreach (var call in (choice!["message"] ?? choice["delta"])?["tool_calls"]?.AsArray() ?? []) call!.AsObject().Remove("id");
            }

            return json.ToJsonString();
        }));
    }
}
