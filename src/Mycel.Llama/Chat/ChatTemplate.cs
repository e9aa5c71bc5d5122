using System.Globalization;
using System.Text.Json;
using Mycel.Llama.Templates;

namespace Mycel.Llama.Chat;

/// <summary>A model's template, and what it can take: found out by rendering small chats with it, as llama.cpp does.</summary>
internal sealed class ChatTemplate
{
    private const string Probe = "PROBE-7431";
    private const string ProbeTool = $$$$"""
        [{"type":"function","function":{"name":"{{{{Probe}}}}","description":"x",
          "parameters":{"type":"object","properties":{"probe_key":{"type":"string","description":"x"}},"required":["probe_key"]}}}]
        """;

    private static readonly Dictionary<string, JsonElement> s_noArguments = [];

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

        Syntax = ChatSyntax.Detect(source);
        KnowsDeveloper = source.Contains("developer", StringComparison.Ordinal);
        NeedsShortIds = source.Contains("length != 9", StringComparison.Ordinal) || source.Contains("length == 9", StringComparison.Ordinal);
        TakesParts = !Shows(Probe, [Message("user", Probe)]) && Shows(Probe, [Message("user", new object?[] { new Dictionary<string, object?> { ["type"] = "text", ["text"] = Probe } })]);
        KnowsSystem = Shows(Probe, [Message("system", Content(Probe)), Message("user", Content("x"))]);
        using var tools = JsonDocument.Parse(ProbeTool);
        KnowsTools = Shows(Probe, [Message("system", Content("x")), Message("user", Content("x"))], tools.RootElement)
            || Shows(Probe, [Message("user", Content("x"))], tools.RootElement);
        ProbeCalls();
    }

    public ChatSyntax Syntax { get; }

    public bool KnowsDeveloper { get; }

    public bool KnowsSystem { get; }

    /// <summary>Whether contents must be lists of parts.</summary>
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

    public string Source => _template.Source;

    /// <exception cref="TemplateException">The template refuses.</exception>
    public string Render(IReadOnlyList<object?> messages, JsonElement? tools, IReadOnlyDictionary<string, JsonElement> more, bool isPrompt = true)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            // What llama-server gives each template, unless the caller says otherwise.
            ["enable_thinking"] = true,
            ["date_string"] = Date("dd MMM yyyy"),
            ["datetime"] = Date("MMM dd yyyy"),
        };
        foreach (var (name, value) in more)
            values[name] = value;
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
    public object Content(string text) =>
        TakesParts ? new object?[] { new Dictionary<string, object?> { ["type"] = "text", ["text"] = text } } : text;

    public static Dictionary<string, object?> Message(string role, object? content) =>
        new(StringComparer.Ordinal) { ["role"] = role, ["content"] = content };

    private void ProbeCalls()
    {
        var asObject = RenderCall(new Dictionary<string, object?> { ["probe_key"] = Probe }, null);
        var asText = RenderCall($$"""{"probe_key": "{{Probe}}"}""", null);
        if (asObject is null && asText is null)
        {
            NeedsContent = true;
            asObject = RenderCall(new Dictionary<string, object?> { ["probe_key"] = Probe }, Content(""));
            asText = RenderCall($$"""{"probe_key": "{{Probe}}"}""", Content(""));
        }
        else
        {
            NeedsContent = (asObject ?? asText)!.Contains("None", StringComparison.Ordinal);
        }

        // An object that is shown as Python shows it was meant to be text.
        TakesObjects = asObject is not null && asObject.Contains(Probe, StringComparison.Ordinal) && !asObject.Contains("{'probe_key'", StringComparison.Ordinal);
        KnowsCalls = TakesObjects || (asText is not null && asText.Contains(Probe, StringComparison.Ordinal));
    }

    private string? RenderCall(object arguments, object? content)
    {
        var call = Message("assistant", content);
        call["tool_calls"] = new object?[]
        {
            new Dictionary<string, object?>
            {
                ["id"] = "abcdefghi", ["type"] = "function", ["function"] = new Dictionary<string, object?> { ["name"] = "probe_name", ["arguments"] = arguments },
            },
        };
        var result = Message("tool", Content("x"));
        (result["tool_call_id"], result["name"]) = ("abcdefghi", "probe_name");
        return TryRender([Message("user", Content("x")), call, result, Message("assistant", Content("x")), Message("user", Content("x"))]);
    }

    private bool Shows(string text, IReadOnlyList<object?> messages, JsonElement? tools = null) =>
        TryRender(messages, tools)?.Contains(text, StringComparison.Ordinal) == true;

    private string? TryRender(IReadOnlyList<object?> messages, JsonElement? tools = null, bool isPrompt = true)
    {
        try
        {
            return Render(messages, tools, s_noArguments, isPrompt);
        }
        catch (TemplateException)
        {
            return null;
        }
    }
}
