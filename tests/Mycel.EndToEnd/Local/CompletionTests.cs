using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary><c>/v1/completions</c> on a model that the node computes itself.</summary>
public sealed class CompletionTests(DemoNode demo) : IClassFixture<DemoNode>
{
    private const string Common = "\"temperature\":0,\"max_tokens\":12,\"ignore_eos\":true";

    [Fact]
    public async Task A_text_goes_on_the_same_way_plain_and_streamed()
    {
        var plain = await AskAsync("\"prompt\":\"It is a truth\"," + Common);
        var text = (string)plain["choices"]![0]!["text"]!;
        Assert.Equal("text_completion", (string?)plain["object"]);
        Assert.Equal("length", (string?)plain["choices"]![0]!["finish_reason"]);
        Assert.Equal(12, (int)plain["usage"]!["completion_tokens"]!);

        var reply = (await demo.Node.PostAsync("/v1/completions", Body("\"prompt\":\"It is a truth\",\"stream\":true," + Common))).MustBe(200);
        Assert.EndsWith(Sse.Done, reply.Text);
        Assert.Equal(text, string.Concat(Sse.Events(reply.Text).SkipLast(1).Select(data => (string?)JsonNode.Parse(data)!["choices"]![0]!["text"])));
        Assert.Equal("It is a truth" + text, (string)(await AskAsync("\"prompt\":\"It is a truth\",\"echo\":true," + Common))["choices"]![0]!["text"]!);
    }

    [Fact]
    public async Task Several_prompts_and_answers_come_in_order()
    {
        var reply = await AskAsync("\"prompt\":[\"One, two,\",\"It is a truth universally\",\"Dear Jane,\"],\"n\":2,\"echo\":true,\"temperature\":1,\"seed\":3,\"max_tokens\":4");
        var choices = reply["choices"]!.AsArray();
        Assert.Equal([0, 1, 2, 3, 4, 5], choices.Select(choice => (int)choice!["index"]!).Order());
        var expected = new[] { "One, two,", "It is a truth universally", "Dear Jane," };
        foreach (var choice in choices) Assert.StartsWith(expected[(int)choice!["index"]! / 2], (string)choice["text"]!);
    }

    [Fact]
    public async Task Tokens_are_a_prompt_too()
    {
        var given = await AskAsync("\"prompt\":[5,6,7]," + Common);
        Assert.Equal(given["choices"]!.ToJsonString(), (await AskAsync("\"prompt\":[[5,6,7]]," + Common))["choices"]!.ToJsonString());
        (await demo.Node.PostAsync("/v1/completions", Body("\"prompt\":[99999999]"))).MustRefuse(400, "invalid_value");
        (await demo.Node.PostAsync("/v1/completions", Body("\"prompt\":[-1]"))).MustRefuse(400);
    }

    private async Task<JsonNode> AskAsync(string fields) => (await demo.Node.PostAsync("/v1/completions", Body(fields))).MustBe(200).Json;

    private static string Body(string fields) => $"{{\"model\":\"{LocalCalls.Tiny}\",{fields}}}";
}
