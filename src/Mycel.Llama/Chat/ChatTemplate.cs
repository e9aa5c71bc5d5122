using System.Globalization;
using System.Text.Json;
using Mycel.Llama.Templates;

namespace Mycel.Llama.Chat;

/// <summary>A model's template, and what it can take: found out by rendering small chats with it, as llama.cpp does.</summary>
internal sealed class ChatTemplate
{
    private const string Probe = CallProbe.Value;
    private const string ProbeTool = $$$$"""
        [{"type":"function","function":{"name":"{{{{Probe}}}}","description":"x",
          "parameters":{"type":"object","properties":{"probe_key":{"type":"string","description":"x"}},"required":["probe_key"]}}}]
        """;

    private static readonly Dictionary<string, JsonElement> NoArguments = [];

    private readonly JinjaTemplate _template;
    private readonly LoadedModel _model;
    private readonly TimeProvider _time;

    /// <exception cref="ChatException">The template cannot be read.</exception>
    public ChatTemplate(string source, LoadedModel model, TimeProvider time)
    {
        (_model, _time) = (model, time);
        try
        {
            _template = JinjaTemplate.Parse(source);
        }
        catch (TemplateException error)
        {
            throw new ChatException($"The model's chat template cannot be used: {error.Message} (line {error.Line}). {ChatFormat.WayOut}", null, error);
        }

        NeedsShortIds = source.Contains("length != 9", StringComparison.Ordinal) || source.Contains("length == 9", StringComparison.Ordinal);
        TakesStrings = Shows([Message("user", Probe)]);
        TakesParts = TryRender([Message("user", Parts([Probe, "PROBE-2"]))]) is { } parts && parts.Contains(Probe, StringComparison.Ordinal)
            && parts.Contains("PROBE-2", StringComparison.Ordinal) && !parts.Contains("'type'", StringComparison.Ordinal) && !parts.Contains("\"type\"", StringComparison.Ordinal);
        KnowsSystem = Shows([Message("system", Content(Probe)), Message("user", Content("x"))]);
        using var tools = JsonDocument.Parse(ProbeTool);
        KnowsTools = Shows([Message("system", Content("x")), Message("user", Content("x"))], tools.RootElement) || Shows([Message("user", Content("x"))], tools.RootElement);
        var thought = Message("assistant", Content("x"));
        thought["reasoning_content"] = "x";
        var question = Message("user", Content("x"));
        var call = ProbeCalls();
        var shown = $"{TryRender([question, thought], isPrompt: false)}\n{call}\n{TryRender([question])}";
        Syntax = ChatSyntax.Detect(source, shown);
        // Templates that show no thoughts are not asked for any, whatever marks they know.
        Thinks = Syntax.HasChannels || (Syntax.Reasoning is { } marks && shown.Contains(marks.Opening.TrimEnd(), StringComparison.Ordinal));
        // A template that shows calls which are not read as such has a way of its own, though it has the marks of another.
        if (Syntax.Calls is { } calls && call is not null && !CallProbe.IsRead(call, Syntax, calls))
            Syntax = Syntax with { Calls = null };
    }

    public ChatSyntax Syntax { get; }

    /// <summary>Whether it lets the model think unless told otherwise.</summary>
    public bool Thinks { get; } = true;

    /// <summary>Whether it has a role 'developer'; like llama-server, only gpt-oss's is taken to.</summary>
    public bool KnowsDeveloper => Syntax.HasChannels;

    public bool KnowsSystem { get; }

    /// <summary>Whether a content may be a text.</summary>
    public bool TakesStrings { get; }

    /// <summary>Whether a content may be a list of parts.</summary>
    public bool TakesParts { get; }

    public bool KnowsTools { get; }

    /// <summary>Whether earlier calls show.</summary>
    public bool KnowsCalls { get; private set; }

    /// <summary>Whether the arguments of earlier calls are objects rather than JSON as text.</summary>
    public bool TakesObjects { get; private set; }

    /// <summary>Whether a message with calls must have a text, if an empty one.</summary>
    public bool NeedsContent { get; private set; }

    /// <summary>Whether ids of calls must have nine letters and digits.</summary>
    public bool NeedsShortIds { get; }

    /// <summary>Whether it reads a variable, as far as its source tells.</summary>
    public bool Reads(string variable) => _template.Source.Contains(variable, StringComparison.Ordinal)
        || (variable == "reasoning_effort" && _template.Source.Contains("reasoning_strength", StringComparison.Ordinal));

    /// <exception cref="TemplateException">The template refuses.</exception>
    public string Render(IReadOnlyList<object?> messages, object? tools, IReadOnlyDictionary<string, JsonElement> more, bool isPrompt = true)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            // What llama-server gives each template, unless the caller says otherwise.
            ["enable_thinking"] = Thinks,
            // Earlier thoughts stay in the prompt, which so begins as the one before it and is found in the cache.
            ["preserve_thinking"] = true,
            ["clear_thinking"] = false,
            ["truncate_history_thinking"] = false,
            ["drop_thinking"] = false,
            ["date_string"] = Date("dd MMM yyyy"),
            ["datetime"] = Date("MMM dd yyyy"),
        };
        foreach (var (name, value) in more)
            values[name] = value;
        if (more.TryGetValue("reasoning_effort", out var effort))
            values.TryAdd("reasoning_strength", effort);
        values["messages"] = messages;
        values["add_generation_prompt"] = isPrompt;
        values["bos_token"] = _model.BosToken;
        values["eos_token"] = _model.EosToken;
        // Left out where there are none: templates ask whether it is defined.
        if (tools is not null)
            values["tools"] = tools;
        var text = _template.Render(values, _time);
        // What tokenizing adds must not stand there twice; what it does not add stays, as llama-server has it.
        if (_model.AddsBos && _model.BosToken.Length > 0 && text.StartsWith(_model.BosToken, StringComparison.Ordinal))
            text = text[_model.BosToken.Length..];
        return _model.AddsEos && _model.EosToken.Length > 0 && text.EndsWith(_model.EosToken, StringComparison.Ordinal) ? text[..^_model.EosToken.Length] : text;
    }

    private string Date(string format) => _time.GetLocalNow().ToString(format, CultureInfo.InvariantCulture);

    /// <summary>A text as a content in the form that the template takes.</summary>
    public object Content(string text) => TakesStrings || !TakesParts ? text : Parts([text]);

    /// <summary>Texts as a content of several parts.</summary>
    public static object?[] Parts(IEnumerable<string> texts) =>
        [.. texts.Select(text => new Dictionary<string, object?> { ["type"] = "text", ["text"] = text })];

    public static Dictionary<string, object?> Message(string role, object? content) =>
        new(StringComparer.Ordinal) { ["role"] = role, ["content"] = content };

    /// <summary>Finds out how the template takes calls.</summary>
    /// <returns>What it makes of a chat with one; null where it does not show them.</returns>
    private string? ProbeCalls()
    {
        const string text = $$"""{"{{CallProbe.Key}}": "{{CallProbe.Value}}"}""";
        var entries = new Dictionary<string, object?> { [CallProbe.Key] = CallProbe.Value };
        var (asObject, asText) = (RenderCall(entries, null), RenderCall(text, null));
        if (asObject is null && asText is null)
        {
            NeedsContent = true;
            (asObject, asText) = (RenderCall(entries, Content("")), RenderCall(text, Content("")));
        }
        else
        {
            NeedsContent = (asObject ?? asText)!.Contains("None", StringComparison.Ordinal);
        }

        // An object that is shown as Python shows it was meant to be text.
        TakesObjects = asObject is not null && asObject.Contains(CallProbe.Value, StringComparison.Ordinal) && !asObject.Contains($"{{'{CallProbe.Key}'", StringComparison.Ordinal);
        KnowsCalls = TakesObjects || (asText is not null && asText.Contains(CallProbe.Value, StringComparison.Ordinal));
        return KnowsCalls ? RenderCall(TakesObjects ? entries : text, NeedsContent ? Content("") : null, isLast: true) : null;
    }

    private string? RenderCall(object arguments, object? content, bool isLast = false)
    {
        var call = Message("assistant", content);
        call["tool_calls"] = new object?[]
        {
            new Dictionary<string, object?>
            {
                ["id"] = "abcdefghi", ["type"] = "function", ["function"] = new Dictionary<string, object?> { ["name"] = CallProbe.Name, ["arguments"] = arguments },
            },
        };
        var question = Message("user", Content("x"));
        if (isLast)
        {
            call["reasoning_content"] = "x";
            return TryRender([question, call], isPrompt: false);
        }

        var result = Message("tool", Content("x"));
        (result["tool_call_id"], result["name"]) = ("abcdefghi", CallProbe.Name);
        return TryRender([question, call, result, Message("assistant", Content("x")), question]);
    }

    private bool Shows(IReadOnlyList<object?> messages, object? tools = null) => TryRender(messages, tools)?.Contains(Probe, StringComparison.Ordinal) == true;

    private string? TryRender(IReadOnlyList<object?> messages, object? tools = null, bool isPrompt = true)
    {
        try
        {
            return Render(messages, tools, NoArguments, isPrompt);
        }
        catch (TemplateException)
        {
            return null;
        }
    }
}
