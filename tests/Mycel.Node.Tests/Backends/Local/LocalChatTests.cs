using System.Text;
using System.Text.Json;
using Mycel.Llama;
using Mycel.Llama.Chat;
using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>What a chat with a local model answers.</summary>
public class LocalChatTests
{
    private readonly LocalHarness _harness = new();

    [Fact]
    public async Task A_document_has_OpenAIs_form()
    {
        Assert.Equal(AttemptKind.Completed, (await _harness.ChatAsync()).Kind);
        var reply = _harness.Document();
        Assert.Equal("""
            {"id":"chatcmpl-req-1","object":"chat.completion","created":1772366400,"model":"tiny","system_fingerprint":"mycel-llama-0.5.0",
            "choices":[{"index":0,"message":{"role":"assistant","content":"Hello, wörld 🙂","refusal":null},"logprobs":null,"finish_reason":"stop"}],
            "usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":4}},
            "timings":{"cache_n":4,"prompt_n":7,"prompt_ms":20,"prompt_per_token_ms":2.857,"prompt_per_second":350,
            "predicted_n":5,"predicted_ms":50,"predicted_per_token_ms":10,"predicted_per_second":100}}
            """.ReplaceLineEndings(""), _harness.Text);
        Assert.Equal("Hello, wörld 🙂", reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(_harness.Channel.Bytes.Length, _harness.Channel.Starts[0].ContentLength);
    }

    [Fact]
    public async Task A_stream_has_OpenAIs_form()
    {
        Assert.Equal(AttemptKind.Completed, (await _harness.ChatAsync("\"stream\":true,\"stream_options\":{\"include_usage\":true}")).Kind);
        var events = _harness.Events();
        Assert.Equal("Hello, wörld 🙂", _harness.Streamed(0));
        Assert.All(events, e => Assert.Equal(("chatcmpl-req-1", "chat.completion.chunk", "tiny"),
            (e.GetProperty("id").GetString(), e.GetProperty("object").GetString(), e.GetProperty("model").GetString())));
        Assert.Equal("""{"role":"assistant","content":"","refusal":null}""", Delta(events[0]).GetRawText());
        Assert.Equal("""{"content":"Hello"}""", Delta(events[1]).GetRawText());
        Assert.Equal(["stop"], events.SkipLast(1).Select(e => Choice(e).GetProperty("finish_reason").GetString()).OfType<string>());
        Assert.Equal("{}", Delta(events[^2]).GetRawText());
        Assert.All(events.SkipLast(1), e => Assert.Equal(JsonValueKind.Null, e.GetProperty("usage").ValueKind));
        Assert.Equal(0, events[^1].GetProperty("choices").GetArrayLength());
        Assert.Equal(16, events[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal(5, events[^2].GetProperty("timings").GetProperty("predicted_n").GetInt32());
    }

    [Fact]
    public async Task A_stream_tells_no_usage_to_who_did_not_ask_and_the_node_knows_it_still()
    {
        await _harness.ChatAsync("\"stream\":true");
        Assert.DoesNotContain("usage", _harness.Text, StringComparison.Ordinal);
        Assert.Equal((11, 5), (_harness.Relay!.Usage!.Value.PromptTokens, _harness.Relay.Usage.Value.CompletionTokens));
    }

    [Fact]
    public async Task Each_piece_is_an_event_and_what_waits_together_is_flushed_once()
    {
        using var go = new ManualResetEventSlim();
        _harness.Engine.Answer = (_, generation) =>
        {
            generation.Text("a");
            go.Wait();
            for (var i = 0; i < 50; i++) generation.Text("b");
            generation.End();
        };
        var asking = _harness.ChatAsync("\"stream\":true");
        await Until.TrueAsync(() => _harness.Channel.Flushes == 1, "the first flush");
        _harness.Channel.Stall();
        go.Set();
        await Until.TrueAsync(() => _harness.Engine.Running == 0, "the engine's end, though the caller takes nothing");
        _harness.Channel.Resume();
        Assert.Equal(AttemptKind.Completed, (await asking).Kind);
        Assert.Equal("a" + new string('b', 50), _harness.Streamed(0));
        Assert.Equal(1 + 1 + 50 + 1, _harness.Events().Count);
        Assert.InRange(_harness.Channel.Flushes, 2, 20);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_character_cut_between_two_events_is_shown_whole(bool stream)
    {
        var text = "añ漢🙂\u2028\"\\\u0001\n\t z";
        _harness.Engine.Pieces = [.. Encoding.UTF8.GetBytes(text).Select(b => new[] { b })];
        await _harness.ChatAsync($"\"stream\":{(stream ? "true" : "false")}");
        var shown = stream ? _harness.Streamed(0) : _harness.Document().GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        Assert.Equal(text, shown);
    }

    [Fact]
    public async Task Half_a_character_at_the_end_is_not_shown()
    {
        _harness.Engine.Pieces = ["ok"u8.ToArray(), [0xF0, 0x9F]];
        await _harness.ChatAsync("\"stream\":true");
        Assert.Equal("ok", _harness.Streamed(0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Several_answers_have_seeds_and_numbers_of_their_own(bool stream)
    {
        _harness.Engine.Answer = (request, generation) =>
        {
            foreach (var digit in request.Sampling.Seed!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)) generation.Text(digit.ToString());
            generation.End();
        };
        await _harness.ChatAsync($"\"n\":6,\"seed\":100,\"stream\":{(stream ? "true,\"stream_options\":{\"include_usage\":true}" : "false")}");
        for (var i = 0; i < 6; i++)
        {
            var text = stream ? _harness.Streamed(i) : _harness.Document().GetProperty("choices")[i].GetProperty("message").GetProperty("content").GetString();
            Assert.Equal($"10{i}", text);
        }
        var usage = (stream ? _harness.Events()[^1] : _harness.Document()).GetProperty("usage");
        // A prompt with several answers is counted once.
        Assert.Equal((11, 30), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
        Assert.InRange(_harness.Engine.MostRunning, 1, _harness.Engine.Model.Slots);
    }

    [Fact]
    public async Task An_answer_cut_for_its_length_says_so()
    {
        _harness.Engine.Answer = (_, generation) => generation.End(FinishReason.Length);
        await _harness.ChatAsync("\"stream\":true");
        Assert.Equal("length", Choice(_harness.Events()[^1]).GetProperty("finish_reason").GetString());
        await _harness.ChatAsync();
        var choice = _harness.Document().GetProperty("choices")[0];
        Assert.Equal(("length", ""), (choice.GetProperty("finish_reason").GetString(), choice.GetProperty("message").GetProperty("content").GetString()));
    }

    [Fact]
    public async Task Calls_of_tools_come_in_OpenAIs_form()
    {
        _harness.Engine.Pieces = ["<think>hm</think>"u8.ToArray(), "<call>weather|{\"city\":\"Köln\"}</call>"u8.ToArray(), "<call>time|{}</call>"u8.ToArray()];
        const string Tools = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}]";
        await _harness.ChatAsync(Tools);
        var choice = _harness.Document().GetProperty("choices")[0];
        Assert.Equal("""
            {"role":"assistant","content":null,"reasoning_content":"hm","refusal":null,"tool_calls":[
            {"id":"call_0","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}},
            {"id":"call_1","type":"function","function":{"name":"time","arguments":"{}"}}]}
            """.ReplaceLineEndings(""), choice.GetProperty("message").GetRawText());
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());

        await _harness.ChatAsync(Tools + ",\"stream\":true");
        var events = _harness.Events();
        Assert.Equal("""{"role":"assistant","content":null,"refusal":null}""", Delta(events[0]).GetRawText());
        Assert.Equal("""{"reasoning_content":"hm"}""", Delta(events[1]).GetRawText());
        Assert.Equal("""{"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"weather","arguments":""}}]}""", Delta(events[2]).GetRawText());
        Assert.Equal("""{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}""", Delta(events[3]).GetRawText());
        Assert.Equal("tool_calls", Choice(events[^1]).GetProperty("finish_reason").GetString());
        var arguments = events.SelectMany(e => e.GetProperty("choices").EnumerateArray()).Select(c => c.GetProperty("delta"))
            .Where(d => d.TryGetProperty("tool_calls", out _)).Select(d => d.GetProperty("tool_calls")[0])
            .GroupBy(c => c.GetProperty("index").GetInt32(), c => c.GetProperty("function").GetProperty("arguments").GetString());
        Assert.Equal(["{\"city\":\"Köln\"}", "{}"], arguments.Select(g => string.Concat(g)));
    }

    [Fact]
    public async Task Probabilities_come_with_the_text_they_belong_to()
    {
        _harness.Engine.Answer = (request, generation) =>
        {
            Assert.Equal(2, request.TopLogProbs);
            generation.Text("Hi"u8.ToArray(), [Token("Hi"u8, -0.5f, ("Hi", -0.5f), ("Yo", -1.25f))]);
            // A character of two tokens: the first has no text of its own.
            generation.Text([], [Token([0xC3], -0.1f)]);
            generation.Text("é"u8.ToArray(), [Token([0xA9], float.NegativeInfinity)]);
            generation.End();
        };
        const string Expected = """
            [{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]},{"token":"Yo","logprob":-1.25,"bytes":[89,111]}]},
            {"token":"�","logprob":-0.1,"bytes":[195],"top_logprobs":[]},
            {"token":"�","logprob":-9999,"bytes":[169],"top_logprobs":[]}]
            """;
        await _harness.ChatAsync("\"logprobs\":true,\"top_logprobs\":2");
        Assert.Equal(Expected.ReplaceLineEndings(""), _harness.Document().GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").GetRawText());
        await _harness.ChatAsync("\"logprobs\":true,\"top_logprobs\":2,\"stream\":true");
        var content = _harness.Events().Select(Choice).Select(c => c.GetProperty("logprobs")).Where(l => l.ValueKind == JsonValueKind.Object).ToList();
        Assert.Equal([1, 2], content.Select(c => c.GetProperty("content").GetArrayLength()));
        Assert.Equal("é", Delta(_harness.Events()[2]).GetProperty("content").GetString());
    }

    [Fact]
    public async Task The_prompt_is_the_renderers_and_its_stops_come_before_the_callers()
    {
        _harness.Chats.Render = _ => new ChatPrompt
        {
            Text = "rendered",
            Stop = ["<end>"],
            Grammar = "root ::= \"x\"",
            GrammarTriggers = ["<call>"],
            ShowControlTokens = true,
            NewParser = () => new FakeChats.Parser(),
        };
        await _harness.ChatAsync("\"stop\":[\"END\",\"<end>\"]");
        var asked = Assert.Single(_harness.Engine.Asked);
        Assert.Equal("rendered", asked.Prompt);
        Assert.True(asked.ParseSpecial && asked.ShowControlTokens);
        Assert.Equal(["<end>", "END"], asked.Stop);
        Assert.Equal("root ::= \"x\"", asked.Grammar);
        Assert.Equal(["<call>"], asked.GrammarTriggers);
    }

    private static JsonElement Choice(JsonElement e) => e.GetProperty("choices")[0];

    private static JsonElement Delta(JsonElement e) => Choice(e).GetProperty("delta");

    private static TokenLogProb Token(ReadOnlySpan<byte> bytes, float logProb, params (string Text, float LogProb)[] top) =>
        new(bytes.ToArray(), logProb, [.. top.Select(t => new TokenLogProb(Encoding.UTF8.GetBytes(t.Text), t.LogProb, []))]);
}
