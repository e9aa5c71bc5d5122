using System.Text;
using System.Text.Json;
using Mycel.Llama;
using Mycel.Llama.Grammar;
using Mycel.Llama.Templates;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>
/// Turns a chat into a prompt by the model's own template; ChatML where the model has none. Tools are offered to models whose
/// template writes calls as JSON in <c>&lt;tool_call&gt;</c> tags (Hermes, Qwen and others); for the rest they are refused by name.
/// </summary>
internal sealed class TemplateChatRenderer : IChatRenderer
{
    /// <summary>Most messages of a chat.</summary>
    public const int MaxMessages = 20_000;

    private const string ChatMl = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

    private readonly JinjaTemplate _template;
    private readonly JinjaTemplate _toolTemplate;
    private readonly LoadedModel _model;
    private readonly bool _isFallback;

    /// <param name="model">The model.</param>
    /// <param name="template">A template that takes the place of the model's own, or null.</param>
    /// <exception cref="ChatException">The template cannot be read.</exception>
    public TemplateChatRenderer(LoadedModel model, string? template)
    {
        _model = model;
        _isFallback = template is null && model.ChatTemplate is null;
        _template = Parse(template ?? model.ChatTemplate ?? ChatMl);
        _toolTemplate = template is null && model.ToolChatTemplate is { } own ? Parse(own) : _template;
    }

    private static JinjaTemplate Parse(string source)
    {
        try
        {
            return JinjaTemplate.Parse(source);
        }
        catch (TemplateException error)
        {
            throw Unusable(error);
        }
    }

    private static ChatException Unusable(TemplateException error) =>
        new($"The model's chat template cannot be used: {error.Message}. Give the model another by `template:` in its entry of models.load, or ask /v1/completions.", "messages");

    public ChatPrompt Render(ChatRequest request)
    {
        var tools = request.ToolChoice.Mode == ToolChoiceMode.None || request.Tools is not { ValueKind: JsonValueKind.Array } given || given.GetArrayLength() == 0 ? null : request.Tools;
        var template = tools is null ? _template : _toolTemplate;
        if (tools is not null && !template.Source.Contains(ToolCalls.Open, StringComparison.Ordinal))
            throw new ChatException("This model's chat template has no tool calls that this engine can read. Leave 'tools' out, or use a model that writes them in <tool_call> tags, such as Qwen or Hermes.", "tools");
        var hasFormat = request.ResponseSchema is not null || request.JsonMode;
        if (tools is not null && hasFormat) throw new ChatException("'tools' and a JSON 'response_format' cannot be used together.", "response_format");
        var text = RenderText(template, request, tools);
        // The engine adds the token that begins a text itself, as the model's vocabulary says.
        if (_model.AddsBos && _model.BosToken.Length > 0 && text.StartsWith(_model.BosToken, StringComparison.Ordinal)) text = text[_model.BosToken.Length..];
        var startsThinking = text.TrimEnd().EndsWith(ChatTextParser.ThinkOpen, StringComparison.Ordinal);
        var grammar = tools is null ? FormatGrammar(request) : ToolCalls.Grammar(tools.Value, request.ToolChoice, request.ParallelToolCalls);
        return new ChatPrompt
        {
            Text = text,
            Grammar = grammar,
            GrammarTriggers = tools is not null && request.ToolChoice.Mode == ToolChoiceMode.Auto ? [ToolCalls.Open] : [],
            Stop = _isFallback ? ["<|im_end|>"] : [],
            ShowControlTokens = tools is not null,
            NewParser = () => new ChatTextParser(tools is not null, startsThinking),
        };
    }

    private string RenderText(JinjaTemplate template, ChatRequest request, JsonElement? tools)
    {
        var values = new Dictionary<string, object?>
        {
            ["messages"] = ReadMessages(request.Messages),
            ["add_generation_prompt"] = true,
            ["bos_token"] = _model.BosToken,
            ["eos_token"] = _model.EosToken,
        };
        if (tools is { } offered) values["tools"] = offered;
        foreach (var (name, value) in request.TemplateArguments) values[name] = value;
        try
        {
            return template.Render(values);
        }
        catch (TemplateException refusal) when (refusal.IsRefusal)
        {
            throw new ChatException($"The model's chat template refuses these messages: {refusal.Message}", "messages");
        }
        catch (TemplateException error)
        {
            throw Unusable(error);
        }
    }

    private static string? FormatGrammar(ChatRequest request)
    {
        try
        {
            return request.ResponseSchema is { } schema ? JsonSchemaGrammar.FromSchema(schema) : request.JsonMode ? JsonSchemaGrammar.AnyJsonObject : null;
        }
        catch (GrammarException error)
        {
            throw new ChatException($"'response_format' has a schema that cannot be enforced: {error.Message}", "response_format");
        }
    }

    private static List<object?> ReadMessages(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() is 0 or > MaxMessages)
            throw new ChatException($"'messages' must hold 1 to {MaxMessages} messages.", "messages");
        var read = new List<object?>(messages.GetArrayLength());
        foreach (var message in messages.EnumerateArray()) read.Add(ReadMessage(message, $"messages[{read.Count}]"));
        return read;
    }

    private static Dictionary<string, object?> ReadMessage(JsonElement message, string at)
    {
        if (message.ValueKind != JsonValueKind.Object) throw new ChatException($"'{at}' must be an object.", at);
        var read = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var member in message.EnumerateObject())
        {
            read[member.Name] = member.Name switch
            {
                "content" => ReadContent(member.Value, at),
                "tool_calls" => ReadToolCalls(member.Value, at),
                _ => member.Value,
            };
        }
        if (!message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String) throw new ChatException($"'{at}' needs a 'role'.", at + ".role");
        // Templates know the older name only.
        read["role"] = role.GetString() == "developer" ? "system" : role.GetString();
        read.TryAdd("content", "");
        return read;
    }

    private static string ReadContent(JsonElement content, string at)
    {
        if (content.ValueKind is JsonValueKind.Null) return "";
        if (content.ValueKind == JsonValueKind.String) return content.GetString()!;
        if (content.ValueKind != JsonValueKind.Array) throw new ChatException($"'{at}.content' must be a string or an array of parts.", at + ".content");
        var text = new StringBuilder();
        foreach (var part in content.EnumerateArray())
        {
            var type = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
            if (type != "text" || !part.TryGetProperty("text", out var words) || words.ValueKind != JsonValueKind.String)
                throw new ChatException($"'{at}.content' has a part of type '{type}'; local models take parts of type text only.", at + ".content");
            text.Append(words.GetString());
        }
        return text.ToString();
    }

    /// <summary>OpenAI sends arguments as a string of JSON; templates write them out as JSON, and would quote the string once more.</summary>
    private static List<object?>? ReadToolCalls(JsonElement calls, string at)
    {
        if (calls.ValueKind == JsonValueKind.Null) return null;
        if (calls.ValueKind != JsonValueKind.Array) throw new ChatException($"'{at}.tool_calls' must be an array.", at + ".tool_calls");
        var read = new List<object?>();
        foreach (var call in calls.EnumerateArray())
        {
            if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("function", out var function) || function.ValueKind != JsonValueKind.Object)
                throw new ChatException($"A call of '{at}.tool_calls' must have a 'function'.", at + ".tool_calls");
            var members = function.EnumerateObject().ToDictionary(m => m.Name, m => (object?)m.Value, StringComparer.Ordinal);
            if (function.TryGetProperty("arguments", out var arguments) && arguments.ValueKind == JsonValueKind.String && ToolCalls.TryParse(arguments.GetString()!) is { } parsed)
                members["arguments"] = parsed;
            var copy = call.EnumerateObject().ToDictionary(m => m.Name, m => (object?)m.Value, StringComparer.Ordinal);
            copy["function"] = members;
            read.Add(copy);
        }
        return read;
    }
}
