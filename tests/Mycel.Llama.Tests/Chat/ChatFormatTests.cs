using Mycel.Llama.Chat;
using Mycel.Llama.Tests.Grammar;
using Mycel.Llama.Tests.Templates;

namespace Mycel.Llama.Tests.Chat;

/// <summary>What a chat becomes: the prompt, what is refused, the grammars of answers.</summary>
public sealed class ChatFormatTests(ITestOutputHelper log)
{
    private const string Plain = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

    private static string Render(string template, string messages) => Chats.Format(template).Render(Chats.Ask(messages, null)).Text;

    private static ChatException Refused(ChatFormat format, ChatRequest request) => Assert.Throws<ChatException>(() => format.Render(request));

    [Fact]
    public void A_model_without_a_template_is_asked_by_chatml()
    {
        var format = ChatFormat.For(Chats.Model);
        var prompt = format.Render(Chats.Ask("""[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]""", null));
        Assert.True(format.IsFallback);
        Assert.Equal("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", prompt.Text);
        Assert.Equal(["<|im_end|>"], prompt.Stop);
        Assert.Null(prompt.Grammar);
    }

    [Fact]
    public void What_tokenizing_adds_is_not_rendered_twice_and_what_it_does_not_add_stays()
    {
        var template = Plain.Replace("[assistant]", "[assistant]{{ eos_token }}", StringComparison.Ordinal);
        string Text(LoadedModel model) => ChatFormat.For(model, template).Render(Chats.Ask("""[{"role":"user","content":"Hi"}]""", null)).Text;
        Assert.Equal("[user]Hi[assistant]</s>", Text(Chats.Model));
        Assert.Equal("<s>[user]Hi[assistant]</s>", Text(Chats.Model with { AddsBos = false }));
        Assert.Equal("<s>[user]Hi[assistant]", Text(Chats.Model with { AddsBos = false, AddsEos = true }));
    }

    [Fact]
    public void A_template_given_takes_the_place_of_the_models_own_with_tools_too()
    {
        var model = Chats.Model with { ChatTemplate = "own", ToolChatTemplate = "own with {{ tools }}" };
        Assert.Equal("own", ChatFormat.For(model).Render(Chats.Ask(tools: null)).Text);
        Assert.StartsWith("own with", ChatFormat.For(model with { ToolChatTemplate = "own with {{ tools }} <tool_call>" }).AskTools().Text, StringComparison.Ordinal);
        Assert.Equal("given", ChatFormat.For(model, "given").Render(Chats.Ask(tools: null)).Text);
        Assert.True(ChatFormat.For(model, "{{ reasoning_effort }}").Reads("reasoning_effort"));
        Assert.False(ChatFormat.For(model, "given").Reads("tools"));
        Assert.True(ChatFormat.For(model).Reads("tools"));
    }

    [Fact]
    public void Texts_in_parts_are_joined_unless_the_template_takes_parts()
    {
        const string messages = """[{"role":"user","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]}]""";
        Assert.Equal("[user]One\nTwo[assistant]", Render(Plain, messages));
        Assert.Equal("(One)(Two)", Render("{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}({{ p.text }}){% endfor %}{% endif %}{% endfor %}", messages));
        Assert.Equal("(One)(Two)", Render("{% for m in messages %}{% for p in m.content %}({{ p.text }}){% endfor %}{% endfor %}", messages));
        Assert.Equal("(Hi)", Render("{% for m in messages %}{% for p in m.content %}({{ p.text }}){% endfor %}{% endfor %}", """[{"role":"user","content":"Hi"}]"""));
    }

    [Fact]
    public void Roles_that_a_template_does_not_know_are_told_in_others()
    {
        Assert.Equal("[system]S[user]Hi[assistant]", Render(Plain, """[{"role":"developer","content":"S"},{"role":"user","content":"Hi"}]"""));
        const string users = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}";
        Assert.Equal("[user]S\nHi", Render(users, """[{"role":"system","content":"S"},{"role":"user","content":"Hi"}]"""));
        var history = """[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"now","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"noon"},{"role":"tool","tool_call_id":"b","content":"rain"}]""";
        Assert.Equal("""[user]Hi[assistant]{"tool_calls":[{"name":"now","arguments":{}}]}[user]The result of the tool:""" + "\nnoon\n\nThe result of the tool:\nrain", Render(users, history));
    }

    [Theory]
    [InlineData("""[]""", "messages")]
    [InlineData("""{}""", "messages")]
    [InlineData("""["x"]""", "messages[0]")]
    [InlineData("""[{"content":"x"}]""", "messages[0].role")]
    [InlineData("""[{"role":"user","content":"x"},{"role":"king","content":"x"}]""", "messages[1].role")]
    [InlineData("""[{"role":"user"}]""", "messages[0].content")]
    [InlineData("""[{"role":"user","content":7}]""", "messages[0].content")]
    [InlineData("""[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]""", "messages[0].content[0]")]
    [InlineData("""[{"role":"user","content":[{"type":"text"}]}]""", "messages[0].content[0]")]
    [InlineData("""[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{"}}]}]""", "messages[1].tool_calls[0].function.arguments")]
    public void A_wrong_message_is_refused_by_its_place(string messages, string place) =>
        Assert.Equal(place, Refused(Chats.Format(Plain), Chats.Ask(messages, null)).Param);

    [Fact]
    public void What_cannot_be_used_together_is_refused_by_name()
    {
        var format = Chats.Shipped("Qwen-Qwen2.5-7B-Instruct");
        Assert.Equal("response_format", Refused(format, Chats.Ask() with { JsonMode = true }).Param);
        Assert.Equal("response_format", Refused(format, Chats.Ask() with { ResponseSchema = Chats.Json("{}") }).Param);
        Assert.Equal("tool_choice", Refused(format, Chats.Ask() with { ToolChoice = new ToolChoice(ToolChoiceMode.Function, "nobody") }).Param);
        Assert.Equal("tool_choice", Refused(format, Chats.Ask(tools: null) with { ToolChoice = new ToolChoice(ToolChoiceMode.Required) }).Param);
        Assert.Equal("tools", Refused(format, Chats.Ask(tools: """[{"function":{"name":"f"}},{"function":{"name":"f"}}]""")).Param);
        Assert.Equal("tools[0].function.name", Refused(format, Chats.Ask(tools: """[{"function":{"name":"f g"}}]""")).Param);
        Assert.Equal("tools[0].function.parameters",
            Refused(format, Chats.Ask(tools: """[{"function":{"name":"f","strict":true,"parameters":{"type":"object","not":{}}}}]""")).Param);
        var kwargs = new Dictionary<string, System.Text.Json.JsonElement> { ["messages"] = Chats.Json("[]") };
        Assert.Equal("chat_template_kwargs", Refused(format, Chats.Ask() with { TemplateArguments = kwargs }).Param);
    }

    [Fact]
    public void A_template_that_cannot_be_used_says_what_to_do()
    {
        var broken = Assert.Throws<ChatException>(() => Chats.Format("{% for %}"));
        Assert.Contains("models.load", broken.Message, StringComparison.Ordinal);
        var refused = Refused(Chats.Format("{% if messages|length > 1 %}{{ raise_exception('One message only.') }}{% endif %}{{ messages[0].content }}"),
            Chats.Ask("""[{"role":"user","content":"a"},{"role":"user","content":"b"}]""", null));
        Assert.Contains("One message only. Change the messages.", refused.Message, StringComparison.Ordinal);
        Assert.Equal("messages", refused.Param);
    }

    [Fact]
    public void Several_calls_are_left_to_models_that_have_a_way_of_their_own_unless_asked_for()
    {
        const string wrapped = """{"tool_calls": [{"name": "now", "arguments": {}}, {"name": "now", "arguments": {}}]}""";
        bool Allows(string template, string text, bool? isParallel) => LlamaGrammar.Accepts(Chats.Shipped(template).AskTools(ToolChoiceMode.Required, isParallel: isParallel).Grammar!, text);
        Assert.False(Allows("google-gemma-2-2b-it", wrapped, null));
        Assert.True(Allows("google-gemma-2-2b-it", wrapped, true));
        Assert.True(Allows("Mistral-Small-3.2-24B-Instruct-2506", "[TOOL_CALLS]now[ARGS]{}[TOOL_CALLS]now[ARGS]{}", null));
    }

    [Fact]
    public void Without_leave_to_call_the_tools_are_not_even_shown()
    {
        var prompt = Chats.Shipped("Qwen-Qwen2.5-7B-Instruct").AskTools(ToolChoiceMode.None);
        Assert.DoesNotContain("get_weather", prompt.Text, StringComparison.Ordinal);
        Assert.Null(prompt.Grammar);
        const string text = """<tool_call>{"name": "now", "arguments": {}}</tool_call>""";
        Assert.Equal(text, Answer.ReadInAllWays(prompt, text).Content);
    }

    [Fact]
    public void A_tool_without_description_and_parameters_is_offered_as_one_with_none()
    {
        const string template = "{% for t in tools %}{{ t | tojson }}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}<tool_call>";
        var text = Chats.Format(template).Render(Chats.Ask("""[{"role":"user","content":"Hi"}]""", """[{"function":{"name":"f","parameters":null}}]""")).Text;
        Assert.Equal("""{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object", "properties": {}}}}Hi<tool_call>""", text);
    }

    [Fact]
    public void A_caller_may_set_a_templates_variables()
    {
        var format = Chats.Shipped("Qwen-Qwen3-0.6B");
        var quiet = Chats.Ask(tools: null) with { TemplateArguments = new Dictionary<string, System.Text.Json.JsonElement> { ["enable_thinking"] = Chats.Json("false") } };
        Assert.EndsWith("assistant\n<think>\n\n</think>\n\n", format.Render(quiet).Text, StringComparison.Ordinal);
        Assert.EndsWith("assistant\n", format.Render(Chats.Ask(tools: null)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Thoughts_stay_in_the_history_and_are_asked_for_only_where_a_template_shows_them()
    {
        const string history = """[{"role":"user","content":"2+2?"},{"role":"assistant","content":"4","reasoning_content":"Sums."},{"role":"user","content":"3+3?"}]""";
        string Text(string template) => Chats.Shipped(template).Render(Chats.Ask(history, null)).Text;
        Assert.EndsWith("<think>Sums.</think>4<|user|>3+3?<|assistant|><think>", Text("GLM-4.7-Flash"), StringComparison.Ordinal);
        Assert.Contains("[/INST][THINK]Sums.[/THINK]4", Text("mistralai-Ministral-3-14B-Reasoning-2512"), StringComparison.Ordinal);
        Assert.Contains("<|think|>", Text("google-gemma-4-31B-it"), StringComparison.Ordinal);
        Assert.Contains("Deliberation: disabled", Text("Apertus-8B-Instruct"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_is_told_the_date()
    {
        var time = new FixedTime();
        Assert.Equal("05 Mar 2026 Mar 05 2026", ChatFormat.For(Chats.Model, "{{ date_string }} {{ datetime }}", time).Render(Chats.Ask(tools: null)).Text);
    }

    private sealed class FixedTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2026, 3, 5, 12, 0, 0, TimeSpan.Zero);
    }

    [Theory]
    [InlineData("Qwen-Qwen2.5-7B-Instruct", "")]
    [InlineData("Qwen-Qwen3-0.6B", "<think>Is it < 3? </thin ...</think>\n\n")]
    [InlineData("Qwen-QwQ-32B", "Hm.\n</think>\n")]
    [InlineData("openai-gpt-oss-120b", "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>")]
    [InlineData("meetkai-functionary-medium-v3.2", "all\n")]
    public void A_schema_binds_the_answer_after_the_thought(string template, string thought)
    {
        var prompt = Chats.Shipped(template).Render(Chats.Ask(tools: null) with { ResponseSchema = Chats.Json("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}""") });
        Assert.True(LlamaGrammar.Accepts(prompt.Grammar!, thought + """{"a": 1}"""), prompt.Grammar);
        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, thought + """{"b": 1}"""));
        Assert.False(LlamaGrammar.Accepts(prompt.Grammar!, thought + "Yes."));
        Assert.Equal("""{"a": 1}""", Answer.ReadInAllWays(prompt, thought + """{"a": 1}""").Content);
    }

    [Fact]
    public void Every_shipped_template_is_used_with_tools_or_says_why_not()
    {
        var (own, asked, refused) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var (name, source) in TemplateCorpus.Read())
        {
            try
            {
                var prompt = Chats.Format(source).AskTools(ToolChoiceMode.Required);
                Assert.Contains("get_weather", prompt.Text, StringComparison.Ordinal);
                Assert.True(LlamaGrammar.CanParse(prompt.Grammar!), name);
                (prompt.Grammar!.Contains("tool_calls\\\": ", StringComparison.Ordinal) ? asked : own).Add(name);
            }
            catch (ChatException error)
            {
                Assert.Contains("models.load", error.Message, StringComparison.Ordinal);
                refused.Add(name);
            }
        }

        log.WriteLine($"{own.Count} templates in their own way, {asked.Count} by JSON that is asked for ({string.Join(", ", asked)}), {refused.Count} refused ({string.Join(", ", refused)}).");
        Assert.True(own.Count >= 45, string.Join(", ", asked));
        Assert.True(refused.Count <= 2, string.Join(", ", refused));
    }
}
