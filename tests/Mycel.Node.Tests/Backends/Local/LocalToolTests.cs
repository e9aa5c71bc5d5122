using System.Text;
using System.Text.Json;
using Mycel.Llama.Chat;
using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>Tools over the API, with a template as models have it.</summary>
public class LocalToolTests
{
    private const string Template = "{{ tools }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% for c in m.tool_calls %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}{% endfor %}<think>";
    private const string Tools = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"now\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}}]";
    private readonly LocalHarness _harness = new();

    public LocalToolTests()
    {
        var format = ChatFormat.For(_harness.Engine.Model, Template, newCallId: () => "call_1");
        _harness.Chats.Render = format.Render;
        _harness.Engine.Pieces = [.. new[] { "Hm", ".</th", "ink>\n<tool_", "call>{\"name\": \"now\", \"argu", "ments\": {\"a\": ", "1}}</tool_call>" }.Select(Encoding.UTF8.GetBytes)];
    }

    [Fact]
    public async Task A_required_call_is_bound_by_a_grammar_and_ends_as_tool_calls()
    {
        Assert.Equal(AttemptKind.Completed, (await _harness.ChatAsync(Tools + ",\"tool_choice\":\"required\"")).Kind);
        var asked = _harness.Engine.Asked[^1];
        Assert.NotNull(asked.Grammar);
        Assert.Empty(asked.GrammarTriggers);
        using var document = JsonDocument.Parse(_harness.Text);
        var choice = document.RootElement.GetProperty("choices")[0];
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(
            """{"role":"assistant","content":null,"reasoning_content":"Hm.","refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"now","arguments":"{\"a\": 1}"}}]}""",
            choice.GetProperty("message").GetRawText());
    }

    [Fact]
    public async Task Without_a_choice_the_grammar_waits_for_a_call_and_its_arguments_are_streamed()
    {
        await _harness.ChatAsync(Tools + ",\"stream\":true");
        Assert.Equal(["<tool_call>"], _harness.Engine.Asked[^1].GrammarTriggers);
        Assert.DoesNotContain("tool_call>", _harness.Text, StringComparison.Ordinal);
        Assert.Contains("\"reasoning_content\":\"Hm\"", _harness.Text, StringComparison.Ordinal);
        Assert.Contains("{\"index\":0,\"function\":{\"arguments\":\"1}\"}}", _harness.Text, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"tool_calls\"", _harness.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_template_cannot_do_is_refused_by_name()
    {
        LocalHarness.Refused(await _harness.ChatAsync(Tools + ",\"response_format\":{\"type\":\"json_object\"}"), "invalid_value", "response_format");
        LocalHarness.Refused(await _harness.AskAsync(InferenceKind.Chat, "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]"), "invalid_value", "messages[0].content[0]");
    }
}
