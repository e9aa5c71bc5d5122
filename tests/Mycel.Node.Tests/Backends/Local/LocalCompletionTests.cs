using Mycel.Llama;
using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>What completions and embeddings of local models answer.</summary>
public class LocalCompletionTests
{
    private readonly LocalHarness _harness = new();

    [Fact]
    public async Task A_document_has_OpenAIs_form()
    {
        Assert.Equal(AttemptKind.Completed, (await _harness.CompleteAsync("\"prompt\":\"Say\"")).Kind);
        var reply = _harness.Document();
        Assert.Equal(("cmpl-req-1", "text_completion", "tiny"), (reply.GetProperty("id").GetString(), reply.GetProperty("object").GetString(), reply.GetProperty("model").GetString()));
        Assert.Equal("""[{"text":"Hello, wörld 🙂","index":0,"logprobs":null,"finish_reason":"stop"}]""", reply.GetProperty("choices").GetRawText());
        Assert.Equal(16, reply.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        var asked = Assert.Single(_harness.Engine.Asked);
        Assert.Equal(("Say", false), (asked.Prompt, asked.ParseSpecial));
        Assert.Null(asked.MaxTokens);
    }

    [Fact]
    public async Task A_stream_holds_the_same_text()
    {
        await _harness.CompleteAsync("\"prompt\":\"Say\",\"echo\":true,\"stream\":true,\"stream_options\":{\"include_usage\":true}");
        Assert.Equal("SayHello, wörld 🙂", _harness.Streamed(0, "text"));
        var events = _harness.Events();
        Assert.Equal("""{"text":"SayHello","index":0,"logprobs":null,"finish_reason":null}""", events[0].GetProperty("choices")[0].GetRawText());
        Assert.Equal("""{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}""", events[^2].GetProperty("choices")[0].GetRawText());
        Assert.Equal(11, events[^1].GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task An_echo_is_there_even_where_nothing_is_generated()
    {
        _harness.Engine.Pieces = [];
        await _harness.CompleteAsync("\"prompt\":\"Say\",\"echo\":true,\"stream\":true");
        Assert.Equal("Say", _harness.Streamed(0, "text"));
        await _harness.CompleteAsync("\"prompt\":\"Say\",\"echo\":true");
        Assert.Equal("Say", _harness.Document().GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Prompts_are_answered_in_their_order_whichever_ends_first(bool stream)
    {
        using var second = new ManualResetEventSlim();
        _harness.Engine.Answer = (request, generation) =>
        {
            if (request.Prompt == "a") second.Wait(TimeSpan.FromSeconds(20), CancellationToken.None);
            generation.Text($"{request.Prompt}{request.Sampling.Seed}");
            generation.End();
            if (request.Prompt == "b") second.Set();
        };
        await _harness.CompleteAsync($"\"prompt\":[\"a\",\"b\"],\"n\":2,\"seed\":5,\"stream\":{(stream ? "true,\"stream_options\":{\"include_usage\":true}" : "false")}");
        var texts = Enumerable.Range(0, 4).Select(i => stream ? _harness.Streamed(i, "text") : _harness.Document().GetProperty("choices")[i].GetProperty("text").GetString()!);
        Assert.Equal(["a5", "a6", "b5", "b6"], texts);
        var usage = (stream ? _harness.Events()[^1] : _harness.Document()).GetProperty("usage");
        Assert.Equal((22, 20), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
    }

    [Theory]
    [InlineData("[1,2,999]", "1,2,999")]
    [InlineData("[[1,2],[3]]", "1,2 3")]
    public async Task Prompts_may_be_tokens(string prompt, string expected)
    {
        Assert.Equal(AttemptKind.Completed, (await _harness.CompleteAsync($"\"prompt\":{prompt}")).Kind);
        Assert.Equal(expected, string.Join(' ', _harness.Engine.Asked.Select(a => string.Join(',', a.PromptTokens!))));
        Assert.All(_harness.Engine.Asked, a => Assert.Null(a.Prompt));
    }

    [Fact]
    public async Task No_prompt_is_an_empty_one()
    {
        await _harness.CompleteAsync("\"prompt\":null");
        Assert.Equal("", Assert.Single(_harness.Engine.Asked).Prompt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Probabilities_come_in_the_form_of_completions(bool stream)
    {
        _harness.Engine.Answer = (request, generation) =>
        {
            Assert.Equal(2, request.TopLogProbs);
            generation.Text("a🙂"u8.ToArray(), [Token("a"u8, -0.5f, ("a"u8.ToArray(), -0.5f), ("a"u8.ToArray(), -2f), ([0xF0], -3f)), Token("🙂"u8, -1f)]);
            generation.Text("b"u8.ToArray(), [Token("b"u8, -0.25f)]);
            generation.End();
        };
        await _harness.CompleteAsync($"\"prompt\":\"x\",\"logprobs\":2,\"stream\":{(stream ? "true" : "false")}");
        if (!stream)
        {
            Assert.Equal("""
                {"tokens":["a","🙂","b"],"token_logprobs":[-0.5,-1,-0.25],"top_logprobs":[{"a":-0.5,"bytes:\\xf0":-3},{},{}],"text_offset":[0,1,2]}
                """.Trim(), _harness.Document().GetProperty("choices")[0].GetProperty("logprobs").GetRawText());
            return;
        }
        var told = _harness.Events().Select(e => e.GetProperty("choices")[0].GetProperty("logprobs").GetRawText()).ToList();
        Assert.Equal("""{"tokens":["b"],"token_logprobs":[-0.25],"top_logprobs":[{}],"text_offset":[2]}""", told[1]);
        Assert.Equal("null", told[2]);
    }

    [Theory]
    [InlineData("\"one\"", 1)]
    [InlineData("[\"one\",\"two\"]", 2)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[[1],[2,3]]", 2)]
    public async Task Embeddings_have_OpenAIs_form(string input, int count)
    {
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        Assert.Equal(AttemptKind.Completed, (await _harness.EmbedAsync($"\"input\":{input},\"dimensions\":3")).Kind);
        var vectors = string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"object":"embedding","index":{{i}},"embedding":[{{i}},0.25,-1]}"""));
        Assert.Equal($$$"""{"object":"list","data":[{{{vectors}}}],"model":"tiny","usage":{"prompt_tokens":{{{7 * count}}},"total_tokens":{{{7 * count}}}}}""", _harness.Text);
        Assert.Equal(7 * count, _harness.Relay!.Usage!.Value.PromptTokens);
    }

    [Fact]
    public async Task Embeddings_in_base64_are_the_same_numbers()
    {
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        await _harness.EmbedAsync("\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\"");
        var bytes = Convert.FromBase64String(_harness.Document().GetProperty("data")[1].GetProperty("embedding").GetString()!);
        Assert.Equal([0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x80, 0x3E, 0x00, 0x00, 0x80, 0xBF], bytes);
    }

    [Fact]
    public async Task Many_embeddings_flow_in_pieces_and_are_whole()
    {
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        var random = new Random(7);
        var vector = Enumerable.Range(0, 2000).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();
        _harness.Engine.Embed = (request, _) => Task.FromResult(new EmbeddingResult([.. request.Inputs.Select(_ => vector)], 9));
        await _harness.EmbedAsync($"\"input\":[{string.Join(',', Enumerable.Repeat("\"x\"", 100))}]");
        Assert.True(_harness.Channel.Bytes.Length > 1024 * 1024);
        Assert.All(_harness.Document().GetProperty("data").EnumerateArray(), d => Assert.Equal(vector, d.GetProperty("embedding").EnumerateArray().Select(n => n.GetSingle())));
        Assert.Equal(9, _harness.Relay!.Usage!.Value.PromptTokens);
    }

    private static TokenLogProb Token(ReadOnlySpan<byte> bytes, float logProb, params (byte[] Text, float LogProb)[] top) =>
        new(bytes.ToArray(), logProb, [.. top.Select(t => new TokenLogProb(t.Text, t.LogProb, []))]);
}
