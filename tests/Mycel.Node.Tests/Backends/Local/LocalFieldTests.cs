using System.Text.Json;
using Mycel.Llama;
using Mycel.Llama.Chat;
using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>Every field of a request reaches the engine, or is refused by its name.</summary>
public class LocalFieldTests
{
    private readonly LocalHarness _harness = new();

    public static TheoryData<string, Func<GenerationRequest, object?>, object?> Fields => new()
    {
        { "\"user\":\"u\"", r => r, new GenerationRequest() },
        { "\"temperature\":0", r => r.Sampling.Temperature, 0f },
        { "\"temperature\":2", r => r.Sampling.Temperature, 2f },
        { "\"temperature\":null", r => r.Sampling.Temperature, 0.8f },
        { "\"top_p\":0.5", r => r.Sampling.TopP, 0.5f },
        { "\"top_k\":7", r => r.Sampling.TopK, 7 },
        { "\"top_k\":7.0", r => r.Sampling.TopK, 7 },
        { "\"top_k\":-1", r => r.Sampling.TopK, 0 },
        { "\"min_p\":0.1", r => r.Sampling.MinP, 0.1f },
        { "\"presence_penalty\":-2", r => r.Sampling.PresencePenalty, -2f },
        { "\"frequency_penalty\":1.5", r => r.Sampling.FrequencyPenalty, 1.5f },
        { "\"repeat_penalty\":1.1", r => r.Sampling.RepeatPenalty, 1.1f },
        { "\"repetition_penalty\":1.2", r => r.Sampling.RepeatPenalty, 1.2f },
        { "\"repeat_last_n\":-1", r => r.Sampling.RepeatLastN, -1 },
        { "\"seed\":42", r => r.Sampling.Seed, 42u },
        { "\"seed\":0", r => r.Sampling.Seed, 0u },
        { "\"seed\":-1", r => r.Sampling.Seed, null },
        { "\"seed\":4294967295", r => r.Sampling.Seed, 4294967294u },
        { "\"seed\":9223372036854775807", r => r.Sampling.Seed, 0x80000000u },
        { "\"seed\":18446744073709551614", r => r.Sampling.Seed, 1u },
        { "\"logit_bias\":{\"5\":-100,\"999\":1.5}", r => string.Join(' ', r.Sampling.LogitBias), "(5, -100) (999, 1.5)" },
        { "\"max_tokens\":9", r => r.MaxTokens, 9 },
        { "\"max_tokens\":-1", r => r.MaxTokens, null },
        { "\"max_tokens\":99999999999", r => r.MaxTokens, int.MaxValue },
        { "\"stop\":\"END\"", r => r.Stop[^1], "END" },
        { "\"stop\":[\"a\",\"b\"]", r => string.Concat(r.Stop.TakeLast(2)), "ab" },
        { "\"ignore_eos\":true", r => r.IgnoreEnd, true },
    };

    [Theory]
    [MemberData(nameof(Fields), DisableDiscoveryEnumeration = true)]
    public async Task A_field_reaches_the_engine(string field, Func<GenerationRequest, object?> read, object? expected)
    {
        foreach (var kind in (InferenceKind[])[InferenceKind.Chat, InferenceKind.Completion])
        {
            var outcome = kind == InferenceKind.Chat ? await _harness.ChatAsync(field) : await _harness.CompleteAsync("\"prompt\":\"\"," + field);
            Assert.Equal(AttemptKind.Completed, outcome.Kind);
            var asked = _harness.Engine.Asked[^1];
            if (expected is GenerationRequest defaults) Assert.Equal(defaults.Sampling, asked.Sampling);
            else Assert.Equal(expected, read(asked));
        }
    }

    [Theory]
    [InlineData("\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"store\":true,\"service_tier\":\"auto\",\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\",\"prompt_cache_retention\":\"24h\"")]
    [InlineData("\"functions\":null,\"function_call\":null,\"tools\":null,\"audio\":null,\"n\":null,\"stop\":null,\"logit_bias\":null,\"who_knows\":null")]
    [InlineData("\"tools\":[],\"tool_choice\":\"none\",\"parallel_tool_calls\":true,\"modalities\":[\"text\"],\"verbosity\":\"medium\"")]
    [InlineData("\"mirostat\":0,\"mirostat_tau\":5.0,\"typical_p\":1.0,\"dry_multiplier\":0.0,\"dry_base\":1.75,\"cache_prompt\":true,\"id_slot\":-1,\"samplers\":null")]
    [InlineData("\"response_format\":{\"type\":\"text\"},\"logprobs\":false,\"best_of\":1,\"reasoning_format\":\"auto\"")]
    [InlineData("\"stream\":false,\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false}")]
    public async Task What_changes_nothing_is_taken(string fields)
    {
        Assert.Equal(AttemptKind.Completed, (await _harness.ChatAsync(fields)).Kind);
        Assert.Equal(new SamplingSettings(), _harness.Engine.Asked[^1].Sampling);
    }

    [Theory]
    [InlineData("\"temperature\":2.1", "temperature", "from 0 to 2")]
    [InlineData("\"temperature\":-0.1", "temperature", "is -0.1")]
    [InlineData("\"temperature\":1e400", "temperature", "from 0 to 2")]
    [InlineData("\"top_p\":1.01", "top_p", "from 0 to 1")]
    [InlineData("\"top_k\":-2", "top_k", "from -1")]
    [InlineData("\"top_k\":1.5", "top_k", "whole number")]
    [InlineData("\"min_p\":2", "min_p", "from 0 to 1")]
    [InlineData("\"presence_penalty\":3", "presence_penalty", "from -2 to 2")]
    [InlineData("\"frequency_penalty\":-3", "frequency_penalty", "from -2 to 2")]
    [InlineData("\"repeat_penalty\":0", "repeat_penalty", "above 0")]
    [InlineData("\"repeat_penalty\":1,\"repetition_penalty\":1", "repetition_penalty", "'repeat_penalty'")]
    [InlineData("\"max_tokens\":0", "max_tokens", "from 1")]
    [InlineData("\"max_tokens\":1,\"max_completion_tokens\":1", "max_completion_tokens", "'max_tokens'")]
    [InlineData("\"n\":0", "n", "from 1 to 16")]
    [InlineData("\"n\":17", "n", "is 17")]
    [InlineData("\"seed\":1.5", "seed", "64 bits")]
    [InlineData("\"seed\":99999999999999999999", "seed", "64 bits")]
    [InlineData("\"stop\":\"\"", "stop", "1 to 1024")]
    [InlineData("\"stop\":[\"a\",\"\"]", "stop[1]", "1 to 1024")]
    [InlineData("\"logit_bias\":{\"x\":1}", "logit_bias", "token ids")]
    [InlineData("\"logit_bias\":{\"1\":101}", "logit_bias.1", "from -100 to 100")]
    [InlineData("\"logit_bias\":{\"1000\":1}", "logit_bias", "0 to 999")]
    [InlineData("\"top_logprobs\":2", "top_logprobs", "'logprobs'")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "top_logprobs", "from 0 to 20")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice", "no 'tools'")]
    [InlineData("\"tool_choice\":\"perhaps\"", "tool_choice", "'auto'")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}", "tool_choice", "not among")]
    [InlineData("\"response_format\":{\"type\":\"yaml\"}", "response_format.type", "'json_schema'")]
    [InlineData("\"n\":1,\"n\":1", "n", "twice")]
    public Task What_is_out_of_range_is_refused_with_the_range(string field, string param, string hint) => RefusedAsync(field, "invalid_value", param, hint);

    [Theory]
    [InlineData("\"temperature\":\"1\"", "temperature", "a number from 0 to 2, not a string")]
    [InlineData("\"n\":true", "n", "not a boolean")]
    [InlineData("\"stop\":5", "stop", "an array of strings")]
    [InlineData("\"stop\":[5]", "stop[0]", "a string")]
    [InlineData("\"logit_bias\":[]", "logit_bias", "an object")]
    [InlineData("\"logprobs\":1", "logprobs", "true or false")]
    [InlineData("\"tools\":{}", "tools", "an array")]
    [InlineData("\"tools\":[5]", "tools[0]", "an object")]
    [InlineData("\"tool_choice\":5", "tool_choice", "a function")]
    [InlineData("\"response_format\":\"json\"", "response_format", "an object")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":5}}", "response_format.json_schema.schema", "a JSON schema")]
    [InlineData("\"chat_template_kwargs\":[]", "chat_template_kwargs", "an object")]
    public Task What_is_of_another_type_is_refused(string field, string param, string hint) => RefusedAsync(field, "invalid_type", param, hint);

    [Theory]
    [InlineData("\"temprature\":1", "temprature", "Did you mean 'temperature'?")]
    [InlineData("\"max_token\":1", "max_token", "Did you mean 'max_tokens'?")]
    [InlineData("\"something_else_entirely\":1", "something_else_entirely", "Leave it out")]
    [InlineData("\"functions\":[]", "functions", "'tools'")]
    [InlineData("\"function_call\":\"auto\"", "function_call", "'tool_choice'")]
    [InlineData("\"audio\":{}", "audio", "text only")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "modalities", "text only")]
    [InlineData("\"web_search_options\":{}", "web_search_options", "web")]
    [InlineData("\"grammar\":\"root ::= [a]\"", "grammar", "engine.grammar")]
    [InlineData("\"json_schema\":{}", "json_schema", "response_format")]
    [InlineData("\"mirostat\":2", "mirostat", "with this value")]
    [InlineData("\"cache_prompt\":false", "cache_prompt", "with this value")]
    [InlineData("\"id_slot\":1", "id_slot", "with this value")]
    [InlineData("\"n_predict\":5", "n_predict", "'max_tokens'")]
    [InlineData("\"reasoning_effort\":\"high\"", "reasoning_effort", "not known to the model")]
    [InlineData("\"stream_options\":{\"include_obfuscation\":true}", "stream_options.include_obfuscation", "leave it out")]
    [InlineData("\"stream_options\":{\"other\":true}", "stream_options.other", "leave it out")]
    [InlineData("\"tools\":[{\"type\":\"custom\",\"custom\":{}}]", "tools[0].type", "'function'")]
    [InlineData("\"tool_choice\":{\"type\":\"allowed_tools\"}", "tool_choice.type", "'function'")]
    [InlineData("\"response_format\":{\"type\":\"text\",\"other\":1}", "response_format.other", "leave it out")]
    public Task What_cannot_be_honoured_is_refused_by_name(string field, string param, string hint) => RefusedAsync(field, "unsupported_parameter", param, hint);

    [Theory]
    [InlineData("\"response_format\":{}", "response_format.type")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\"}}", "response_format.json_schema.schema")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "tools[0].function")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name")]
    public Task What_is_missing_is_named(string field, string param) => RefusedAsync(field, "missing_required_parameter", param, "has no");

    private async Task RefusedAsync(string field, string code, string param, string hint)
    {
        var error = LocalHarness.Refused(await _harness.ChatAsync(field), code, param);
        Assert.Contains(hint, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(_harness.Engine.Asked);
    }

    [Theory]
    [InlineData("\"prompt\":[]", "invalid_value", "prompt")]
    [InlineData("\"prompt\":[\"a\",5]", "invalid_type", "prompt[1]")]
    [InlineData("\"prompt\":[1,\"a\"]", "invalid_value", "prompt[1]")]
    [InlineData("\"prompt\":[[]]", "invalid_value", "prompt[0]")]
    [InlineData("\"prompt\":[true]", "invalid_type", "prompt")]
    [InlineData("\"prompt\":[-1]", "invalid_value", "prompt[0]")]
    [InlineData("\"prompt\":[1000]", "invalid_value", "prompt")]
    [InlineData("\"prompt\":\"a\",\"suffix\":\"b\"", "unsupported_parameter", "suffix")]
    [InlineData("\"prompt\":\"a\",\"best_of\":2", "unsupported_parameter", "best_of")]
    [InlineData("\"prompt\":\"a\",\"logprobs\":21", "invalid_value", "logprobs")]
    [InlineData("\"prompt\":\"a\",\"logprobs\":1,\"echo\":true", "unsupported_parameter", "echo")]
    [InlineData("\"prompt\":[1],\"echo\":true", "unsupported_parameter", "echo")]
    [InlineData("\"prompt\":\"a\",\"tools\":[]", "unsupported_parameter", "tools")]
    [InlineData("\"prompt\":\"a\",\"max_completion_tokens\":5", "unsupported_parameter", "max_completion_tokens")]
    public async Task A_completion_refuses_by_name_too(string fields, string code, string param)
    {
        LocalHarness.Refused(await _harness.CompleteAsync(fields), code, param);
        Assert.Empty(_harness.Engine.Asked);
    }

    [Fact]
    public async Task A_completion_makes_so_many_answers_at_most()
    {
        var prompts = string.Join(',', Enumerable.Repeat("\"a\"", 65));
        LocalHarness.Refused(await _harness.CompleteAsync($"\"prompt\":[{prompts}],\"n\":2"), "invalid_value", "n");
        LocalHarness.Refused(await _harness.CompleteAsync($"\"prompt\":[{prompts},{prompts}]"), "invalid_value", "prompt");
        Assert.Equal(AttemptKind.Completed, (await _harness.CompleteAsync($"\"prompt\":[{prompts}],\"best_of\":1")).Kind);
    }

    [Theory]
    [InlineData("\"input\":[]", "invalid_value", "input")]
    [InlineData("\"input\":\"\"", "invalid_value", "input")]
    [InlineData("\"input\":[\"a\",\"\"]", "invalid_value", "input")]
    [InlineData("\"input\":[1000]", "invalid_value", "input")]
    [InlineData("\"input\":\"a\",\"encoding_format\":\"hex\"", "invalid_value", "encoding_format")]
    [InlineData("\"input\":\"a\",\"dimensions\":2", "unsupported_parameter", "dimensions")]
    [InlineData("\"input\":\"a\",\"stream\":true", "unsupported_parameter", "stream")]
    [InlineData("\"input\":\"a\",\"temperature\":1", "unsupported_parameter", "temperature")]
    public async Task Embeddings_refuse_by_name_too(string fields, string code, string param)
    {
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        LocalHarness.Refused(await _harness.EmbedAsync(fields), code, param);
    }

    [Fact]
    public async Task A_model_is_asked_for_what_it_does_only()
    {
        Assert.Contains("/v1/chat/completions", LocalHarness.Refused(await _harness.EmbedAsync("\"input\":\"a\""), "invalid_value", "model").GetProperty("message").GetString(), StringComparison.Ordinal);
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        Assert.Contains("/v1/embeddings", LocalHarness.Refused(await _harness.ChatAsync(), "invalid_value", "model").GetProperty("message").GetString(), StringComparison.Ordinal);
        LocalHarness.Refused(await _harness.CompleteAsync("\"prompt\":\"a\""), "invalid_value", "model");
    }

    [Fact]
    public async Task A_chats_fields_reach_its_renderer()
    {
        _harness.Chats.Variables = "reasoning_effort";
        var seen = "";
        _harness.Chats.Render = r =>
        {
            seen = $"{r.Messages.GetRawText()} {r.Tools!.Value.GetRawText()}";
            return new ChatPrompt { Text = "", NewParser = () => new FakeChats.Parser() };
        };
        await _harness.ChatAsync("""
            "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
            "chat_template_kwargs":{"enable_thinking":false},"reasoning_effort":"low"
            """);
        Assert.Equal("""[{"role":"user","content":"Hello"}] [{"type":"function","function":{"name":"f","parameters":{}}}]""", seen);
        var asked = Assert.Single(_harness.Chats.Rendered);
        Assert.Equal(new ToolChoice(ToolChoiceMode.Function, "f"), asked.ToolChoice);
        Assert.False(asked.ParallelToolCalls);
        Assert.Equal(["enable_thinking", "reasoning_effort"], asked.TemplateArguments.Keys.Order());
    }

    [Theory]
    [InlineData("{\"type\":\"json_object\"}", true, null)]
    [InlineData("{\"type\":\"json_object\",\"schema\":{\"type\":\"object\"}}", false, "{\"type\":\"object\"}")]
    [InlineData("{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"description\":\"d\",\"schema\":{\"type\":\"integer\"}}}", false, "{\"type\":\"integer\"}")]
    [InlineData("{\"type\":\"text\"}", false, null)]
    public async Task A_response_format_reaches_the_renderer(string format, bool jsonMode, string? schema)
    {
        string? seen = null;
        _harness.Chats.Render = r =>
        {
            seen = r.ResponseSchema?.GetRawText();
            return new ChatPrompt { Text = "", NewParser = () => new FakeChats.Parser() };
        };
        await _harness.ChatAsync($"\"response_format\":{format}");
        Assert.Equal((jsonMode, schema), (Assert.Single(_harness.Chats.Rendered).JsonMode, seen));
    }

    [Fact]
    public async Task A_grammar_of_the_callers_own_goes_through_where_it_is_allowed()
    {
        var open = new LocalHarness(allowsGrammar: true);
        await open.ChatAsync("\"grammar\":\"root ::= [a]\"");
        await open.CompleteAsync("\"prompt\":\"\",\"grammar\":\"root ::= [b]\"");
        Assert.Equal(["root ::= [a]", "root ::= [b]"], open.Engine.Asked.Select(a => a.Grammar));
        LocalHarness.Refused(await open.ChatAsync("\"grammar\":\"root ::= [a]\",\"response_format\":{\"type\":\"json_object\"}"), "unsupported_parameter", "grammar");
    }

    [Fact]
    public async Task What_the_renderer_refuses_is_told_with_its_field()
    {
        _harness.Chats.Render = _ => throw new ChatException("Images are not supported.", "messages[0].content");
        LocalHarness.Refused(await _harness.ChatAsync(), "invalid_value", "messages[0].content");
    }

    [Theory]
    [InlineData("""{"model":"tiny","messages":[]}""", "messages")]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"\ud83d"}]}""", null)]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","\ud83d":"x"}]}""", null)]
    public async Task A_body_that_cannot_be_read_is_refused(string body, string? param) =>
        LocalHarness.Refused(await _harness.AskBodyAsync(InferenceKind.Chat, body), "invalid_value", param);

    /// <summary>A request thrown together at random is answered or refused, and never a defect.</summary>
    [Fact]
    public async Task Whatever_is_sent_comes_to_an_outcome()
    {
        string[] names = ["messages", "prompt", "input", "n", "stop", "tools", "tool_choice", "response_format", "logit_bias", "seed", "temperature", "top_k", "stream_options",
            "max_tokens", "logprobs", "top_logprobs", "echo", "best_of", "chat_template_kwargs", "modalities", "encoding_format", "dimensions", "lora", "suffix"];
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var kind = (InferenceKind)random.Next(3);
            var needed = kind switch { InferenceKind.Chat => $"\"messages\":{LocalHarness.Hello}", InferenceKind.Completion => "\"prompt\":\"x\"", _ => "\"input\":\"x\"" };
            var fields = Enumerable.Range(0, random.Next(1, 4)).Select(_ => names[random.Next(names.Length)]).Where(n => !needed.Contains($"\"{n}\"", StringComparison.Ordinal))
                .Select(n => $",\"{n}\":{Value(random, 0)}");
            var body = $$"""{"model":"tiny",{{needed}}{{string.Concat(fields)}},"stream":{{(kind != InferenceKind.Embedding && random.Next(2) == 0 ? "true" : "false")}}}""";
            _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = kind == InferenceKind.Embedding };
            if (Mycel.Node.Execution.RequestScanner.Scan(kind, System.Text.Encoding.UTF8.GetBytes(body), out _) is null) continue;
            var outcome = await _harness.AskBodyAsync(kind, body);
            Assert.True(outcome.Kind is AttemptKind.Completed or AttemptKind.Rejected, $"seed {seed}: {body}");
            if (outcome.Kind == AttemptKind.Rejected) JsonDocument.Parse(outcome.Refusal!.Body!).Dispose();
        }
    }

    private static string Value(Random random, int depth) => random.Next(depth > 3 ? 7 : 10) switch
    {
        0 => "null",
        1 => "true",
        2 => random.Next(-3, 30).ToString(System.Globalization.CultureInfo.InvariantCulture),
        3 => ((string[])["1e999", "-0.0", "1e-400", "123456789012345678901234567890", "0.5", "-9223372036854775808"])[random.Next(6)],
        4 => ((string[])["\"\"", "\"auto\"", "\"text\"", "\"\\u0000\"", "\"a\\ud83d\\ude00\"", "\"function\""])[random.Next(6)],
        5 => "false",
        6 => "\"x\"",
        7 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth + 1)))}]",
        _ => $"{{{string.Join(',', ((string[])["type", "function", "name", "schema", "json_schema", "include_usage", "12", "text"]).Where(_ => random.Next(3) == 0).Select(n => $"\"{n}\":{Value(random, depth + 1)}"))}}}",
    };
}
