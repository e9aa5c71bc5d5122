using Mycel.Llama.Chat;
using Mycel.Llama.Tests.Grammar;

namespace Mycel.Llama.Tests.Chat;

/// <summary>Each known way to call tools: the prompt offers the tools, the grammar allows true calls alone, and the output is read as calls however it is cut.</summary>
public sealed class CallFormatTests
{
    private const string First = """call:get_weather{"city":"Zürich \u0022HB\u0022","days":2}""";

    public static TheoryData<CallFormat> Formats => [.. CallFormats.All];

    private static string Shown(string text) => text.Replace("Z\\u00FCrich", "Zürich", StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void A_prompt_offers_the_tools_by_name(CallFormat format)
    {
        var text = Chats.Shipped(format.Template).AskTools().Text;
        Assert.Contains("get_weather", text, StringComparison.Ordinal);
        Assert.Contains("Weather in Zürich?", text, StringComparison.Ordinal);
        Assert.False(text.StartsWith("<s>", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void One_call_is_read(CallFormat format)
    {
        var prompt = Chats.Shipped(format.Template).AskTools();
        var thought = Opening(prompt, format);
        Assert.Equal($"think:{(thought.Length > 0 ? "Hm." : "")} say: {First}", Shown(Answer.ReadInAllWays(prompt, thought + format.One).Shown));
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void Two_calls_are_read(CallFormat format)
    {
        if (format.Two is null)
            return;
        var prompt = Chats.Shipped(format.Template).AskTools();
        var answer = Answer.ReadInAllWays(prompt, Opening(prompt, format) + format.Two);
        Assert.EndsWith($"say: {First} now{{}}", Shown(answer.Shown), StringComparison.Ordinal);
        Assert.Equal(2, answer.Ids.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void A_grammar_allows_true_calls_and_nothing_else_where_a_call_is_required(CallFormat format)
    {
        var chat = Chats.Shipped(format.Template);
        var prompt = chat.AskTools(ToolChoiceMode.Required);
        Assert.Empty(prompt.GrammarTriggers);
        var thought = Opening(prompt, format);
        Assert.True(LlamaGrammar.Accepts(prompt.Grammar!, thought + format.One), prompt.Grammar);
        if (format.Two is not null)
        {
            Assert.True(LlamaGrammar.Accepts(prompt.Grammar!, thought + format.Two), prompt.Grammar);
            Assert.False(LlamaGrammar.Accepts(chat.AskTools(ToolChoiceMode.Required, isParallel: false).Grammar!, thought + format.Two));
        }

        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, thought + "Hello."));
        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, thought + format.One.Replace("get_weather", "get_wealthy", StringComparison.Ordinal)));
        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, thought + format.One.Replace("days", "nights", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void A_named_tool_is_the_only_one_allowed(CallFormat format)
    {
        var chat = Chats.Shipped(format.Template);
        var prompt = chat.AskTools(ToolChoiceMode.Function, "now");
        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, Opening(prompt, format) + format.One));
        prompt = chat.AskTools(ToolChoiceMode.Function, "get_weather");
        Assert.True(LlamaGrammar.Accepts(prompt.Grammar!, Opening(prompt, format) + format.One), prompt.Grammar);
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void A_call_of_ones_own_will_is_held_to_the_schema_from_its_mark_on(CallFormat format)
    {
        var prompt = Chats.Shipped(format.Template).AskTools();
        var thought = Opening(prompt, format);
        // Without triggers the grammar binds from the start, and has a form for plain answers.
        var text = thought + format.One;
        var start = prompt.GrammarTriggers.Count == 0 ? 0 : prompt.GrammarTriggers.Select(trigger => text.IndexOf(trigger, StringComparison.Ordinal)).Where(at => at >= 0).Min();
        Assert.True(LlamaGrammar.Accepts(prompt.Grammar!, text[start..]), prompt.Grammar);
        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, text[start..].Replace("days", "nights", StringComparison.Ordinal)));
        if (prompt.GrammarTriggers.Count == 0)
            Assert.True(LlamaGrammar.Accepts(prompt.Grammar!, thought + """{"response": "Hello."}"""));
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void An_answer_without_calls_is_content(CallFormat format)
    {
        var prompt = Chats.Shipped(format.Template).AskTools();
        var isWrapped = prompt is { Grammar: not null, GrammarTriggers.Count: 0 };
        var text = isWrapped ? """{"response": "It \"is\" 3 < 4\n\ud83c\udf0d."}""" : "It \"is\" 3 < 4\n🌍.";
        text = format.Template.Contains("functionary-medium-v3.2", StringComparison.Ordinal) ? "all\n" + text
            : format.Template.Contains("gpt-oss", StringComparison.Ordinal) ? "<|channel|>final<|message|>" + text : text;
        Assert.Equal("It \"is\" 3 < 4\n🌍.", Answer.ReadInAllWays(prompt, Opening(prompt, format) + text).Content);
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void A_call_of_a_tool_that_there_is_not_comes_out_as_it_stands(CallFormat format)
    {
        var prompt = Chats.Shipped(format.Template).AskTools();
        var text = format.One.Replace("get_weather", "get_wealthy", StringComparison.Ordinal);
        var answer = Answer.ReadInAllWays(prompt, Opening(prompt, format) + text);
        Assert.Empty(answer.Names);
        Assert.EndsWith(answer.Content, (format.Template.Contains("functionary-medium-v3.2", StringComparison.Ordinal) ? ">>>" : "") + text, StringComparison.Ordinal);
        Assert.Contains("HB", answer.Content, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats), DisableDiscoveryEnumeration = true)]
    public void An_output_cut_off_anywhere_loses_nothing_and_shows_no_half_of_a_call(CallFormat format)
    {
        var prompt = Chats.Shipped(format.Template).AskTools();
        var thought = Opening(prompt, format);
        for (var length = 1; length < format.One.Length; length++)
        {
            var answer = Answer.Read(prompt, thought + format.One[..length]);
            if (answer.Names.Any())
                Assert.Equal("", answer.Content);
            else if (!format.Template.Contains("gpt-oss", StringComparison.Ordinal))
                Assert.Equal(((format.Template.Contains("functionary-medium-v3.2", StringComparison.Ordinal) ? ">>>" : "") + format.One[..length]).Trim(), answer.Content.Trim());
        }
    }

    /// <summary>The thought before an answer; where it goes on with what the prompt began, the prompt must have begun it.</summary>
    private static string Opening(ChatPrompt prompt, CallFormat format)
    {
        var thought = format.Reasoning ?? "";
        Assert.True(!thought.StartsWith("Hm.", StringComparison.Ordinal) || prompt.Text.TrimEnd().EndsWith("<think>", StringComparison.Ordinal));
        return thought;
    }
}
