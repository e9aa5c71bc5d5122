using System.Text.Json;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>Where a form is asked for, every answer has it, however small the model.</summary>
public sealed class JsonAnswerTests(DemoNode demo) : IClassFixture<DemoNode>
{
    private const string Person = """
        {"type":"object","additionalProperties":false,"required":["name","age","kind"],"properties":{
        "name":{"type":"string","maxLength":20},"age":{"type":"integer","minimum":0,"maximum":150},"kind":{"enum":["friend","foe"]},
        "tags":{"type":"array","items":{"type":"string","maxLength":8},"maxItems":3}}}
        """;

    private const string Tool = """{"type":"function","function":{"name":"weather","description":"The weather","parameters":{"type":"object","additionalProperties":false,"properties":{"city":{"type":"string","enum":["Oslo","Rome"]},"days":{"type":"integer","minimum":1,"maximum":7}},"required":["city","days"]}}}""";

    private NodeProcess Node => demo.Node;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task By_a_schema_it_is_always_of_that_schema(bool stream)
    {
        var format = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"person\",\"strict\":true,\"schema\":" + Person + "}}";
        foreach (var seed in Enumerable.Range(1, 10))
        {
            var answer = await Node.AnswerAsync("Who are you?", $"\"temperature\":1.5,\"seed\":{seed},{format}", stream);
            Assert.Equal("stop", answer.FinishReason);
            var json = JsonNode.Parse(answer.Text)!.AsObject();
            Assert.InRange(((string)json["name"]!).Length, 0, 20);
            Assert.InRange((int)json["age"]!, 0, 150);
            Assert.True((string?)json["kind"] is "friend" or "foe", answer.Text);
            Assert.True((json["tags"]?.AsArray().Count ?? 0) <= 3, answer.Text);
            Assert.Empty(json.Select(member => member.Key).Except(["name", "age", "kind", "tags"]));
        }
    }

    [Fact]
    public async Task In_JSON_mode_it_is_an_object_or_the_beginning_of_one_cut_by_its_length()
    {
        var whole = 0;
        foreach (var seed in Enumerable.Range(1, 10))
        {
            var answer = await Node.AnswerAsync("Tell me of you as JSON.", $"\"temperature\":0.7,\"seed\":{seed},\"max_tokens\":200,\"response_format\":{{\"type\":\"json_object\"}}");
            Assert.StartsWith("{", answer.Text.TrimStart());
            if (answer.FinishReason == "length")
            {
                Assert.ThrowsAny<JsonException>(() => JsonNode.Parse(answer.Text));
                continue;
            }

            Assert.Equal(JsonValueKind.Object, JsonNode.Parse(answer.Text)!.GetValueKind());
            whole++;
        }

        Assert.True(whole > 0, "Not one answer came to its end.");
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","pattern":"^[a-c]{2}$"}},"required":["a"]}""", """^\s*\{\s*"a"\s*:\s*"[a-c]{2}"\s*\}\s*$""")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2}""", """^\s*\[\s*(true|false)\s*,\s*(true|false)\s*\]\s*$""")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"const":1},{"const":null}]}}}""", """^\s*(1|null)\s*$""")]
    public async Task Patterns_arrays_and_references_are_honoured(string schema, string expected)
    {
        var answer = await Node.AnswerAsync("hi", "\"seed\":1,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":" + schema + "}}");
        Assert.Matches(expected, answer.Text);
    }

    [Fact]
    public async Task A_schema_that_cannot_be_honoured_is_refused_and_says_where()
    {
        const string format = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/nowhere\"}}}}}";
        var message = (await Node.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("hi", format))).MustRefuse(400);
        Assert.Contains("nowhere", message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tool_that_must_be_called_is_called_with_arguments_of_its_schema(bool stream)
    {
        foreach (var choice in new[] { "\"required\"", """{"type":"function","function":{"name":"weather"}}""" })
        {
            foreach (var seed in Enumerable.Range(1, 3))
            {
                var answer = await Node.AnswerAsync("The weather in Rome?", $"\"temperature\":1,\"seed\":{seed},\"parallel_tool_calls\":false,\"tool_choice\":{choice},\"tools\":[{Tool}]", stream);
                Assert.Equal("tool_calls", answer.FinishReason);
                var (name, arguments) = Assert.Single(answer.Choices[0].Calls.Values);
                Assert.Equal("weather", name);
                var json = JsonNode.Parse(arguments)!.AsObject();
                Assert.True((string?)json["city"] is "Oslo" or "Rome", arguments);
                Assert.InRange((int)json["days"]!, 1, 7);
            }
        }
    }

    [Fact]
    public async Task A_tool_that_must_not_be_called_is_not()
    {
        var answer = await Node.AnswerAsync("hi", $"\"temperature\":0,\"tool_choice\":\"none\",\"tools\":[{Tool}]");
        Assert.Equal("stop", answer.FinishReason);
        Assert.Empty(answer.Choices[0].Calls);
        Assert.NotEqual("", answer.Text);
    }
}
