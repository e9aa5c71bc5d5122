using System.Security.Cryptography;
using Mycel.Llama.Grammar;
using Mycel.Llama.Templates;

namespace Mycel.Llama.Chat;

/// <summary>
/// Makes prompts of chats with a model's own template, and knows how to read what the model answers: reasoning, content, tool calls.
/// Safe for use by many threads.
/// </summary>
public sealed class ChatFormat : IChatRenderer
{
    /// <summary>What to do about a template that does not serve.</summary>
    internal const string WayOut = "Set 'template' of the model's entry in 'models.load' to a file with another chat template.";

    /// <summary>Most texts that a grammar waits for: each is looked for in all that a model writes.</summary>
    private const int MaxTriggers = 64;

    /// <summary>The template of models that have none: ChatML, the most common.</summary>
    private const string ChatMl = """
        {%- for message in messages -%}
        {{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
        {%- endfor -%}
        {{ '<|im_start|>assistant\n' }}
        """;

    private readonly ChatTemplate _plain;
    private readonly ChatTemplate _withTools;
    private readonly Func<string> _newId;

    private ChatFormat(ChatTemplate plain, ChatTemplate withTools, bool isFallback, Func<string> newId) =>
        (_plain, _withTools, IsFallback, _newId) = (plain, withTools, isFallback, newId);

    /// <summary>Whether the model has no template of its own, so that ChatML is used.</summary>
    public bool IsFallback { get; }

    /// <param name="model">The model.</param>
    /// <param name="templateOverride">A template instead of the model's own; null for its own.</param>
    /// <param name="time">The clock for templates that tell the date; null for the system's.</param>
    /// <param name="newCallId">Makes ids of tool calls; null for random ones.</param>
    /// <exception cref="ChatException">The template cannot be read.</exception>
    public static ChatFormat For(LoadedModel model, string? templateOverride = null, TimeProvider? time = null, Func<string>? newCallId = null)
    {
        time ??= TimeProvider.System;
        var source = templateOverride ?? model.ChatTemplate ?? model.ToolChatTemplate;
        var isFallback = string.IsNullOrWhiteSpace(source);
        var plain = new ChatTemplate(isFallback ? ChatMl : source!, model, time);
        var tools = templateOverride is null && !isFallback && model.ToolChatTemplate is { Length: > 0 } own && own != source ? new ChatTemplate(own, model, time) : plain;
        return new ChatFormat(plain, tools, isFallback, newCallId ?? NewCallId);
    }

    private static string NewCallId() => "call_" + RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 24);

    /// <inheritdoc/>
    public bool Reads(string variable) => _plain.Reads(variable) || _withTools.Reads(variable);

    /// <inheritdoc/>
    public ChatPrompt Render(ChatRequest request)
    {
        var tools = ChatTools.Read(request.Tools);
        var choice = request.ToolChoice;
        if (choice.Mode == ToolChoiceMode.Function && tools.All(tool => tool.Name != choice.Function))
            throw new ChatException($"'tool_choice' names the tool '{choice.Function}', which is not among 'tools'.", "tool_choice");
        if (choice.Mode == ToolChoiceMode.Required && tools.Count == 0)
            throw new ChatException("'tool_choice' is 'required', but there are no 'tools'.", "tool_choice");
        if (choice.Mode == ToolChoiceMode.None)
            tools = [];
        if (tools.Count > 0 && (request.ResponseSchema is not null || request.JsonMode))
            throw new ChatException("'response_format' and 'tools' cannot be used together with a local model: leave one of them out.", "response_format");

        var template = tools.Count > 0 ? _withTools : _plain;
        var isWrapped = tools.Count > 0 && (!template.KnowsTools || (template.Syntax.Calls is null && !template.Syntax.HasChannels));
        var calls = tools.Count == 0 ? null : isWrapped ? new WrappedCallSyntax() : template.Syntax.Calls;
        var text = Render(request, template, tools.Count > 0, isWrapped);
        var plan = Plan(template.Syntax, text, tools, calls);
        var (grammar, triggers) = Bind(request, plan, tools);
        return new ChatPrompt
        {
            Text = text,
            Grammar = grammar,
            GrammarTriggers = triggers,
            Stop = IsFallback ? ["<|im_end|>"] : [],
            ShowControlTokens = plan.HasChannels || plan.Reasoning is not null || plan.Dropped.Count > 0 || plan.Calls is { Openings.Count: > 0 },
            NewParser = () => new StreamParser(plan, _newId),
        };
    }

    private static string Render(ChatRequest request, ChatTemplate template, bool hasTools, bool isWrapped)
    {
        foreach (var name in request.TemplateArguments.Keys)
        {
            if (name is "messages" or "tools" or "documents" or "add_generation_prompt" or "bos_token" or "eos_token")
                throw new ChatException($"'chat_template_kwargs' cannot set '{name}'.", "chat_template_kwargs");
        }

        var describes = hasTools && isWrapped ? WrappedCallSyntax.Describe(request.Tools!.Value, request.ToolChoice.Mode is ToolChoiceMode.Required or ToolChoiceMode.Function) : "";
        var messages = new ChatMessages(template, isWrapped || (!template.KnowsCalls && !template.Syntax.HasChannels)).Convert(request.Messages, describes);
        try
        {
            return template.Render(messages, hasTools && !isWrapped ? ChatTools.ForTemplate(request.Tools!.Value) : null, request.TemplateArguments);
        }
        catch (TemplateException error) when (error.IsRefusal)
        {
            throw new ChatException($"The model's chat template refuses this chat: {error.Message.TrimEnd('.')}. Change the messages. {WayOut}", "messages", error);
        }
        catch (TemplateException error)
        {
            throw new ChatException($"The model's chat template cannot render this chat: {error.Message} (line {error.Line}). {WayOut}", "messages", error);
        }
    }

    private static OutputPlan Plan(ChatSyntax syntax, string prompt, IReadOnlyList<Tool> tools, CallSyntax? calls)
    {
        var end = prompt.TrimEnd();
        return new OutputPlan
        {
            Calls = calls,
            Tools = tools,
            Reasoning = syntax.Reasoning,
            BeginsWithReasoning = syntax.Reasoning is { } reasoning && end.EndsWith(reasoning.Opening.TrimEnd(), StringComparison.Ordinal),
            Dropped = syntax.Dropped,
            Prefix = syntax.OpenMark.Length > 0 && end.EndsWith(syntax.OpenMark, StringComparison.Ordinal) ? syntax.OpenMark : "",
            HasChannels = syntax.HasChannels,
        };
    }

    private static (string? Grammar, IReadOnlyList<string> Triggers) Bind(ChatRequest request, OutputPlan plan, IReadOnlyList<Tool> tools)
    {
        var grammar = new GrammarBuilder();
        try
        {
            if (request.ResponseSchema is { } schema)
                return (grammar.Build(Answer(grammar, plan, grammar.AddSchema("answer", schema))), []);
            if (request.JsonMode)
                return (grammar.Build(Answer(grammar, plan, JsonRules.AnyObject(grammar))), []);
            return tools.Count > 0 ? BindCalls(grammar, request, plan, tools) : (null, []);
        }
        catch (GrammarException error)
        {
            var param = tools.Count > 0 ? "tools" : "response_format";
            throw new ChatException($"{error.Message} (at {error.Path})", param, error);
        }
    }

    private static (string? Grammar, IReadOnlyList<string> Triggers) BindCalls(GrammarBuilder grammar, ChatRequest request, OutputPlan plan, IReadOnlyList<Tool> tools)
    {
        var mode = request.ToolChoice.Mode;
        var mustCall = mode is ToolChoiceMode.Required or ToolChoiceMode.Function;
        var rules = ChatTools.Rules(grammar, tools, mode == ToolChoiceMode.Function ? tools.Where(tool => tool.Name == request.ToolChoice.Function) : tools);
        if (plan.HasChannels)
            return mustCall ? (grammar.Build(ChannelReader.Required(grammar, rules)), []) : (grammar.Build(ChannelReader.Call(grammar, rules)), [ChannelReader.Trigger]);

        // A model that was not trained to call tools hardly ever finds the end of a list of calls.
        var isParallel = request.ParallelToolCalls ?? !plan.Calls!.IsWholeAnswer;
        var calls = grammar.AddRule("calls", plan.Calls!.Rule(grammar, rules, isParallel, isOpen: !mustCall || plan.Prefix.Length > 0));
        if (mustCall)
            return (grammar.Build(Prelude(grammar, plan) + calls), []);
        if (plan.Calls.IsWholeAnswer)
            return (grammar.Build($"{Prelude(grammar, plan)}({calls} | {WrappedCallSyntax.ResponseRule(grammar)})"), []);
        var triggers = plan.Calls.Triggers(rules);
        return triggers.Count is 0 or > MaxTriggers ? (null, []) : (grammar.Build(calls), triggers);
    }

    private static string Answer(GrammarBuilder grammar, OutputPlan plan, string rule) => plan.HasChannels
        ? ChannelReader.Final(grammar, rule)
        : Prelude(grammar, plan) + (plan.Prefix.Length > 0 ? "\"all\\n\" " : "") + rule;

    /// <summary>What may come before that which a grammar wants: the model's reasoning.</summary>
    private static string Prelude(GrammarBuilder grammar, OutputPlan plan)
    {
        if (plan.Reasoning is not { } reasoning)
            return "";
        var thought = $"{TextRules.Until(grammar, reasoning.Closing)} [ \\n]{{0,4}}";
        return grammar.AddRule("reasoning", plan.BeginsWithReasoning ? thought : $"({GrammarBuilder.Literal(reasoning.Opening)} {thought})?") + " ";
    }
}
