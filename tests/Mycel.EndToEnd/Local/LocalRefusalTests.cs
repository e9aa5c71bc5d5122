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
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\"}}]}]", "messages", null)]
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

    [Fact]
    public async Task Embeddings_of_a_model_that_chats_are_refused()
    {
        var message = (await demo.Node.PostAsync("/v1/embeddings", $$"""{"model":"{{LocalCalls.Tiny}}","input":"hi"}""")).MustRefuse(400);
        Assert.Contains("/v1/chat/completions", message);
    }
}
