using Mycel.Llama.Chat;

namespace Mycel.Llama.Tests.Chat;

/// <summary>How outputs are read apart from the families' own ways.</summary>
public sealed class StreamParserTests
{
    private const string Call = """<tool_call>{"name": "now", "arguments": {}}</tool_call>""";

    private static ChatPrompt Qwen3 => Chats.Shipped("Qwen-Qwen3-0.6B").AskTools();

    [Theory]
    [InlineData("Let me see.\n" + Call, "", "Let me see.", 1)]
    [InlineData(Call + "\n\nDone.", "", "Done.", 1)]
    [InlineData("<think>Hm.</think>\n\nYes.\n", "Hm.", "Yes.\n", 0)]
    [InlineData("<think>\n\n</think>\n\nYes.", "", "Yes.", 0)]
    [InlineData("<think>A < b, a <think and </thin.", "A < b, a <think and </thin.", "", 0)]
    [InlineData("The tags <think> and </think> are marks.", "", "The tags <think> and </think> are marks.", 0)]
    [InlineData("<think>Say <tool_call> x</think>Yes.", "Say <tool_call> x", "Yes.", 0)]
    [InlineData("<think>Now. " + Call, "Now.", "", 1)]
    [InlineData("<tool_call>\nno JSON\n</tool_call>", "", "<tool_call>\nno JSON\n</tool_call>", 0)]
    [InlineData("<tool_call>{\"name\": \"now\", \"argu", "", "<tool_call>{\"name\": \"now\", \"argu", 0)]
    [InlineData("<tool_call>{\"name\": \"now\"}</tool_call>", "", "", 1)]
    [InlineData("<tool_call>{\"arguments\": {}, \"name\": \"now\"}</tool_call>", "", "", 1)]
    [InlineData("<tool_call>{\"function\": {\"name\": \"now\", \"arguments\": \"{}\"}}</tool_call>", "", "", 1)]
    [InlineData("<tool_call>{\"name\": \"now\", \"arguments\": {}}", "", "", 1)]
    [InlineData("<tool_call>{\"name\": \"now\", \"arguments\": [1]}</tool_call>", "", "<tool_call>{\"name\": \"now\", \"arguments\": [1]}</tool_call>", 0)]
    [InlineData("  \n Yes. \n\n", "", "  \n Yes. \n\n", 0)]
    public void Reasoning_content_and_calls_are_told_apart(string text, string reasoning, string content, int calls)
    {
        var answer = Answer.ReadInAllWays(Qwen3, text);
        Assert.Equal((reasoning, content), (answer.Reasoning, answer.Content));
        Assert.Equal(calls, answer.Names.Count());
    }

    [Fact]
    public void A_thought_that_the_prompt_began_is_no_content()
    {
        var prompt = Chats.Shipped("Qwen-QwQ-32B").Render(Chats.Ask(tools: null));
        var answer = Answer.ReadInAllWays(prompt, "First.\nThen </think>\n\nYes </think>.");
        Assert.Equal(("First.\nThen", "Yes </think>."), (answer.Reasoning, answer.Content));
    }

    [Fact]
    public void Arguments_are_told_as_they_come()
    {
        var (parser, answer) = (Qwen3.NewParser(), new Answer());
        parser.Push("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Zür", answer);
        Assert.Equal("{\"city\": \"Zür", Assert.Single(answer.Arguments));
        (parser, answer) = (Chats.Shipped("Qwen3-Coder").AskTools().NewParser(), new Answer());
        parser.Push("<tool_call>\n<function=get_weather>\n<parameter=city>\nA \"b\"\nc", answer);
        Assert.Equal("{\"city\": \"A \\\"b\\\"\\nc", Assert.Single(answer.Arguments));
    }

    [Fact]
    public void Values_in_tags_become_json_by_the_tools_schema()
    {
        var prompt = Chats.Shipped("Qwen3-Coder").AskTools();
        static string Coder(params string[] pairs) =>
            "<tool_call>\n<function=get_weather>\n" + string.Concat(pairs.Chunk(2).Select(pair => $"<parameter={pair[0]}>\n{pair[1]}\n</parameter>\n")) + "</function>\n</tool_call>";
        string Arguments(params string[] pairs) => Assert.Single(Answer.ReadInAllWays(prompt, Coder(pairs)).Arguments);
        Assert.Equal("""{"city": "7", "days": 7, "tags": ["a"]}""", Arguments("city", "7", "days", "7", "tags", "[\"a\"]"));
        Assert.Equal("""{"city": "", "days": "many", "other": true}""", Arguments("city", "", "days", "many", "other", "True"));
        Assert.Equal("""{"city": "<b>a</b>\n\n </parame 🌍"}""", Arguments("city", "<b>a</b>\n\n </parame 🌍"));
        // A value may hold other tags, which the grammar allows as well.
        Assert.True(Grammar.LlamaGrammar.Accepts(Chats.Shipped("Qwen3-Coder").AskTools(ToolChoiceMode.Required).Grammar!, Coder("city", "<b>a</b>\n</p <</parameter")));
    }

    [Fact]
    public void An_answer_in_json_that_is_no_call_is_not_held_back()
    {
        var (parser, answer) = (Chats.Shipped("meta-llama-Llama-3.1-8B-Instruct").AskTools().NewParser(), new Answer());
        parser.Push("{\"temperature\": 2", answer);
        Assert.Equal("{\"temperature\": 2", answer.Content);
    }

    [Fact]
    public void Sections_of_deepseek_are_read_where_a_template_offers_tools()
    {
        var format = Chats.Format("{{ tools }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{{ c.function.name }}<｜tool▁sep｜>{{ c.function.arguments | tojson }}<｜tool▁call▁end｜><｜tool▁calls▁end｜>{% endfor %}{% endfor %}");
        const string text = "Well.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"A\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>";
        var answer = Answer.ReadInAllWays(format.AskTools(), text);
        Assert.Equal("think: say:Well. call:now{} get_weather{\"city\":\"A\"}", answer.Shown);
        Assert.True(Grammar.LlamaGrammar.Accepts(format.AskTools(ToolChoiceMode.Required).Grammar!, text["Well.".Length..]));
    }

    [Fact]
    public void Any_mixture_of_marks_reads_the_same_however_it_is_cut()
    {
        var random = new Random(7);
        string[] words = ["{", "}", "[", "]", ",", ";", "\"", "\n", " ", "now", "get_weather", "{\"name\": \"now\", \"arguments\": {}}", "{}", "text", "🌍", "<", ">", ">>>", "all\n", "functions.", ":0", "<|end|>", "<|message|>", "to=functions."];
        foreach (var format in CallFormats.All)
        {
            var prompt = Chats.Shipped(format.Template).AskTools();
            string[] parts = [.. words, .. Pieces(format.One), .. Pieces(format.Reasoning ?? "<think>")];
            for (var round = 0; round < 30; round++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => parts[random.Next(parts.Length)]));
                Answer.ReadInAllWays(prompt, text);
            }
        }
    }

    private static IEnumerable<string> Pieces(string text)
    {
        for (var at = 0; at < text.Length; at += 9)
        {
            yield return text[at..Math.Min(text.Length, at + 9)];
            yield return text[at..];
        }
    }

    [Theory]
    [InlineData("Qwen-Qwen3-0.6B", true)]
    [InlineData("Qwen-Qwen3-0.6B", false)]
    [InlineData("google-gemma-2-2b-it", false)]
    public void Plain_content_costs_no_memory(string template, bool hasTools)
    {
        var prompt = Chats.Shipped(template).Render(Chats.Ask(tools: hasTools ? Chats.Tools : null));
        var (parser, sink) = (prompt.NewParser(), new Sink());
        for (var round = 0; round < 100; round++)
            parser.Push(" word", sink);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 10_000; round++)
            parser.Push(" word", sink);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
        Assert.Equal(10_100, sink.Count);
    }

    private sealed class Sink : IChatOutput
    {
        public int Count { get; private set; }

        public void Content(string text) => Count++;

        public void Reasoning(string text)
        {
        }

        public void ToolCall(int index, string id, string name)
        {
        }

        public void ToolArguments(int index, string jsonFragment)
        {
        }
    }
}
