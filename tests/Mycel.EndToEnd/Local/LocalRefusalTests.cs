using System.Text.Json.Nodes;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>What a local model cannot honour is refused by name, never ignored.</summary>
public sealed class LocalRefusalTests(DemoNode demo) : IClassFixture<DemoNode>
{
    [Theory]
    [InlineData("\"no_such_field\":1", "no_such_field", "unsupported_parameter")]
    [InlineData("\"modalities\":[\"audio\"]", "modalities", "unsupported_parameter")]
    [InlineData("\"web_search_options\":{}", "web_search_options", "unsupported_parameter")]
    [InlineData("\"functions\":[]", "functions", "unsupported_parameter")]
    [InlineData("\"mirostat\":2", "mirostat", "unsupported_parameter")]
    [InlineData("\"grammar\":\"root ::= [a-z]+\"", "grammar", "unsupported_parameter")]
    [InlineData("\"temperature\":2.5", "temperature", "invalid_value")]
    [InlineData("\"temperature\":\"hot\"", "temperature", null)]
    [InlineData("\"top_p\":-0.1", "top_p", "invalid_value")]
    [InlineData("\"n\":0", "n", "invalid_value")]
    [InlineData("\"n\":1000", "n", "invalid_value")]
    [InlineData("\"max_tokens\":0", "max_tokens", "invalid_value")]
    [InlineData("\"stop\":\"\"", "stop", "invalid_value")]
    [InlineData("\"logit_bias\":{\"99999999\":1}", "logit_bias", "invalid_value")]
    [InlineData("\"top_logprobs\":2", "top_logprobs", "invalid_value")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice", "invalid_value")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema", null)]
    [InlineData("\"messages\":\"hi\"", "messages", null)]
    public async Task The_field_is_named(string field, string param, string? code)
    {
        foreach (var stream in new[] { false, true })
        {
            var reply = await demo.Node.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("hi", field, stream));
            var message = code is null ? reply.MustRefuse(400) : reply.MustRefuse(400, code);
            Assert.StartsWith(param, (string?)reply.Json["error"]!["param"]);
            Assert.Contains(param.Split('.')[0], message);
        }

        await demo.Node.IdleAsync();
    }

    [Theory]
    [InlineData(
        NodeCalls.ChatPath,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]",
        """
        {"functions":[],"function_call":"auto","audio":{},"prediction":{},"verbosity":"low","web_search_options":{},"best_of":2,"echo":true,"modalities":["audio"],
        "reasoning_format":"none","reasoning_effort":"low","json_schema":{},"samplers":[],"n_predict":5,"options":{},"keep_alive":1,"extra_body":{},
        "mirostat":1,"dynatemp_range":1,"xtc_probability":0.5,"dry_multiplier":1,"top_a":0.1,"n_probs":1,"n_keep":1,"n_discard":1,"n_indent":1,"min_tokens":1,"min_keep":1,
        "typical_p":0.5,"tfs_z":0.5,"length_penalty":2,"id_slot":0,"truncate_prompt_tokens":1,"prompt_logprobs":1,"t_max_predict_ms":1,
        "cache_prompt":false,"skip_special_tokens":false,"spaces_between_special_tokens":false,"add_generation_prompt":false,
        "use_beam_search":true,"include_stop_str_in_output":true,"post_sampling_probs":true,"return_tokens":true,"return_progress":true,"timings_per_token":true,
        "continue_final_message":true,"add_special_tokens":true,"return_token_ids":true,"grammar_lazy":true,
        "stop_token_ids":[1],"bad_words":["a"],"lora":[1],"grammar_triggers":[1],"preserved_tokens":[1]}
        """)]
    [InlineData("/v1/completions", "\"prompt\":\"hi\"", """{"suffix":"!","response_format":{"type":"json_object"},"tools":[],"messages":[],"best_of":2,"samplers":[]}""")]
    public async Task Whatever_would_change_the_answer_and_cannot_is_named(string path, string request, string fields)
    {
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            var reply = await demo.Node.PostAsync(path, $"{{\"model\":\"{LocalCalls.Tiny}\",{request},\"{name}\":{value!.ToJsonString()}}}");
            Assert.Contains($"'{name}'", reply.MustRefuse(400, "unsupported_parameter"));
            Assert.Equal(name, (string?)reply.Json["error"]!["param"]);
        }
    }

    [Fact]
    public async Task Pictures_are_refused_by_their_place()
    {
        var reply = await demo.Node.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("", """
            "messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:,"}}]}]
            """));
        Assert.Contains("image_url", reply.MustRefuse(400));
        Assert.StartsWith("messages[0].content", (string?)reply.Json["error"]!["param"]);
    }

    [Fact]
    public async Task Embeddings_of_a_model_that_chats_are_refused()
    {
        var message = (await demo.Node.PostAsync("/v1/embeddings", $$"""{"model":"{{LocalCalls.Tiny}}","input":"hi"}""")).MustRefuse(400);
        Assert.Contains("/v1/chat/completions", message);
    }
}
