using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>Every field of a request does what OpenAI's documentation says it does, on a real model.</summary>
public sealed class SamplingTests(DemoNode demo) : IClassFixture<DemoNode>
{
    private const string Story = "Tell me a story about a ball at Netherfield.";

    private NodeProcess Node => demo.Node;

    [Fact]
    public async Task A_seed_decides_the_answer_and_no_seed_leaves_it_open()
    {
        const string hot = "\"temperature\":1.5,\"max_tokens\":40";
        var first = await Node.AnswerAsync(Story, hot + ",\"seed\":1");
        Assert.Equal(first.Text, (await Node.AnswerAsync(Story, hot + ",\"seed\":1", stream: true)).Text);
        Assert.NotEqual(first.Text, (await Node.AnswerAsync(Story, hot + ",\"seed\":2")).Text);
        Assert.NotEqual((await Node.AnswerAsync(Story, hot)).Text, (await Node.AnswerAsync(Story, hot)).Text);
    }

    [Fact]
    public async Task Without_temperature_the_likeliest_token_is_taken_whatever_the_seed()
    {
        var texts = new HashSet<string>();
        foreach (var seed in new[] { 1, 2, 3 }) texts.Add((await Node.AnswerAsync(Story, $"\"temperature\":0,\"max_tokens\":40,\"seed\":{seed}")).Text);
        texts.Add((await Node.AnswerAsync(Story, "\"temperature\":2,\"top_k\":1,\"max_tokens\":40")).Text);
        Assert.Single(texts);
    }

    [Fact]
    public async Task A_stop_text_never_shows_wherever_tokens_begin_and_end()
    {
        const string fields = "\"temperature\":0,\"max_tokens\":40,\"ignore_eos\":true";
        var whole = (await Node.AnswerAsync(Story, fields)).Text;
        Assert.True(whole.Length > 40, whole);
        for (var at = 1; at + 9 < 40; at += 2)
        {
            foreach (var length in new[] { 1, 4, 9 })
            {
                var stop = whole.Substring(at, length);
                var expected = whole[..whole.IndexOf(stop, StringComparison.Ordinal)];
                var stream = (at / 2) % 2 == 0;
                var answer = await Node.AnswerAsync(Story, $"{fields},\"stop\":{JsonValue.Create(stop).ToJsonString()}", stream);
                Assert.Equal(expected, answer.Text);
                Assert.Equal("stop", answer.FinishReason);
            }
        }

        var none = await Node.AnswerAsync(Story, fields + ",\"stop\":[\"never said at all\"]", stream: true);
        Assert.Equal(whole, none.Text);
        Assert.Equal("length", none.FinishReason);
    }

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    public async Task The_most_tokens_are_kept_to_exactly(string name)
    {
        foreach (var most in new[] { 1, 2, 17 })
        {
            var answer = await Node.AnswerAsync(Story, $"\"temperature\":0,\"ignore_eos\":true,\"{name}\":{most}", stream: most == 2);
            Assert.Equal("length", answer.FinishReason);
            Assert.Equal(most, answer.CompletionTokens);
        }
    }

    [Fact]
    public async Task Where_the_context_ends_the_answer_does()
    {
        var answer = await Node.AnswerAsync(Story, "\"temperature\":0,\"ignore_eos\":true");
        Assert.Equal("length", answer.FinishReason);
        Assert.InRange(answer.PromptTokens + answer.CompletionTokens, 511, 513);
    }

    [Fact]
    public async Task Several_answers_differ_and_are_counted_together()
    {
        const string fields = "\"temperature\":1.2,\"seed\":5,\"max_tokens\":12,\"ignore_eos\":true,\"n\":3";
        var plain = await Node.AnswerAsync(Story, fields);
        Assert.Equal(3, plain.Choices.Count);
        Assert.Equal(3, plain.Choices.Select(choice => choice.Text.ToString()).Distinct().Count());
        Assert.Equal(36, plain.CompletionTokens);
        var streamed = await Node.AnswerAsync(Story, fields, stream: true);
        Assert.Equal(3, streamed.Choices.Select(choice => choice.Text.ToString()).Distinct().Count());
        Assert.Equal(plain.Usage["total_tokens"]!.ToJsonString(), streamed.Usage["total_tokens"]!.ToJsonString());
        var one = await Node.AnswerAsync(Story, fields.Replace("\"n\":3", "\"n\":1", StringComparison.Ordinal));
        // Computed at once, numbers are rounded otherwise, so that the two may part somewhere: but not at their beginning.
        Assert.Equal(FirstWord(one.Text), FirstWord(plain.Text));
        Assert.Equal(one.PromptTokens, plain.PromptTokens);
    }

    private static string FirstWord(string text) => text.Split(' ')[0];

    [Fact]
    public async Task Probabilities_come_with_each_token()
    {
        const string fields = "\"temperature\":0,\"max_tokens\":8,\"ignore_eos\":true,\"logprobs\":true,\"top_logprobs\":4";
        var plain = await Node.AnswerAsync(Story, fields);
        Assert.Equal(8, plain.Choices[0].LogProbs.Count);
        Assert.Equal(plain.Text, string.Concat(plain.Choices[0].LogProbs.Select(token => (string?)token["token"])));
        foreach (var token in plain.Choices[0].LogProbs)
        {
            var top = token["top_logprobs"]!.AsArray();
            Assert.Equal(4, top.Count);
            Assert.Equal((string?)token["token"], (string?)top[0]!["token"]);
            Assert.True((double)token["logprob"]! <= 0);
            Assert.Equal(top.Select(t => (double)t!["logprob"]!).OrderDescending(), top.Select(t => (double)t!["logprob"]!));
        }

        var streamed = await Node.AnswerAsync(Story, fields, stream: true);
        Assert.Equal(plain.Choices[0].LogProbs.Select(t => (string?)t["token"]), streamed.Choices[0].LogProbs.Select(t => (string?)t["token"]));
    }

    [Fact]
    public async Task A_bias_forbids_a_token_and_forces_one()
    {
        // Which token is which is told by a completion of that token alone.
        async Task<string> CompleteAsync(string more)
        {
            var reply = (await Node.PostAsync("/v1/completions", $$"""{"model":"{{LocalCalls.Tiny}}","prompt":"It is a truth","max_tokens":1,"temperature":0,"ignore_eos":true{{more}}}""")).MustBe(200);
            return (string)reply.Json["choices"]![0]!["text"]!;
        }

        var free = await CompleteAsync("");
        var forced = new Dictionary<string, int>();
        foreach (var token in new[] { 300, 400, 500 }) forced[await CompleteAsync($",\"logit_bias\":{{\"{token}\":100}}")] = token;
        Assert.Equal(3, forced.Count);
        var (text, id) = forced.First(entry => entry.Key != free);
        Assert.Equal(text, await CompleteAsync($",\"logit_bias\":{{\"{id}\":100}}"));
        Assert.NotEqual(text, await CompleteAsync($",\"logit_bias\":{{\"{id}\":-100}}"));
    }

    [Fact]
    public async Task Usage_is_exact_and_tells_what_was_kept_of_the_prompt()
    {
        var text = "What do you think of " + Guid.NewGuid().ToString("N");
        var first = await Node.AnswerAsync(text, "\"temperature\":0,\"max_tokens\":9,\"ignore_eos\":true");
        var second = await Node.AnswerAsync(text, "\"temperature\":0,\"max_tokens\":9,\"ignore_eos\":true", stream: true);
        Assert.Equal(first.Seen, second.Seen);
        Assert.True(first.CachedTokens < second.CachedTokens, first.Usage.ToJsonString() + second.Usage.ToJsonString());
        Assert.InRange(second.CachedTokens, second.PromptTokens - 2, second.PromptTokens - 1);
        foreach (var answer in new[] { first, second }) Assert.Equal(answer.PromptTokens + answer.CompletionTokens, (int)answer.Usage["total_tokens"]!);
    }

    [Fact]
    public async Task A_stream_is_valid_text_in_every_single_event()
    {
        foreach (var greeting in new[] { "Grüß Gott", "你好", "こんにちは", "Здравствуй", "नमस्ते", "🍄👋🏽" })
        {
            foreach (var text in new[] { greeting, string.Concat(Enumerable.Repeat(greeting + " ", 4)) })
            {
                // Hot enough that the model leaves its language and tries bytes that are no characters.
                var body = LocalCalls.Chat(text, "\"temperature\":2,\"top_k\":0,\"top_p\":1,\"min_p\":0,\"seed\":4,\"max_tokens\":60,\"ignore_eos\":true", stream: true);
                var reply = (await Node.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
                Assert.True(System.Text.Unicode.Utf8.IsValid(reply.Bytes));
                foreach (var piece in Sse.Contents(reply.Text)) Assert.False(char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1]), piece);
            }
        }
    }

    [Fact]
    public async Task A_character_made_of_several_tokens_shows_at_once_or_not_at_all()
    {
        const string fields = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"const\":\"Grüße 你好 🍄👋🏽 नमस्ते\"}}}";
        var answer = await Node.AnswerAsync("hi", fields, stream: true);
        Assert.Equal("Grüße 你好 🍄👋🏽 नमस्ते", (string?)JsonNode.Parse(answer.Text));
    }
}
