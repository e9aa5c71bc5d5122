using System.Text.Json;
using Mycel.Llama.Chat;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A request to <c>/v1/chat/completions</c>, read strictly.</summary>
internal sealed class ChatFields : GenerationFields
{
    /// <summary>Most tools.</summary>
    public const int MaxTools = 128;

    private const string ReasoningEffort = "reasoning_effort";

    private static readonly FieldTable<ChatFields> Table = MakeTable();

    private readonly Dictionary<string, JsonElement> _arguments = new(StringComparer.Ordinal);
    private JsonElement _messages;
    private JsonElement? _tools;
    private ToolChoice? _toolChoice;
    private bool? _parallelToolCalls;
    private JsonElement? _schema;
    private bool _jsonMode;
    private bool _logProbs;
    private int? _topLogProbs;

    public override int? TopLogProbs => _logProbs ? _topLogProbs ?? 0 : null;

    /// <summary>Whether the caller said how hard to think, which only some models' templates understand.</summary>
    public bool SetsReasoningEffort => _arguments.ContainsKey(ReasoningEffort);

    /// <summary>What the model's chat format makes a prompt of.</summary>
    public ChatRequest Chat => new()
    {
        Messages = _messages,
        Tools = _tools,
        ToolChoice = _toolChoice ?? new ToolChoice(ToolChoiceMode.Auto),
        ParallelToolCalls = _parallelToolCalls,
        ResponseSchema = _schema,
        JsonMode = _jsonMode,
        TemplateArguments = _arguments,
    };

    /// <exception cref="InvalidRequestException">A field is wrong or cannot be honoured.</exception>
    public static ChatFields Read(JsonElement request, bool allowsGrammar)
    {
        var fields = new ChatFields { AllowsGrammar = allowsGrammar };
        Table.Read(request, fields);
        fields.CheckTogether();
        return fields;
    }

    private static FieldTable<ChatFields> MakeTable() => NeutralFields.AddTo(AddTo(new FieldTable<ChatFields>()))
        .Reads("messages", static (f, r) => r.ReadMessages(f))
        .Reads("max_completion_tokens", static (f, r) => r.ReadMaxTokens(f))
        .Reads("logprobs", static (f, r) => r._logProbs = f.Boolean())
        .Reads("top_logprobs", static (f, r) => r._topLogProbs = (int)f.Integer(0, MaxTopLogProbs))
        .Reads("response_format", static (f, r) => r.ReadResponseFormat(f))
        .Reads("tools", static (f, r) => r.ReadTools(f))
        .Reads("tool_choice", static (f, r) => r._toolChoice = ReadToolChoice(f))
        .Reads("parallel_tool_calls", static (f, r) => r._parallelToolCalls = f.Boolean())
        .Reads("chat_template_kwargs", static (f, r) => r.ReadTemplateArguments(f))
        .Reads(ReasoningEffort, static (f, r) => r._arguments[ReasoningEffort] = Text(f))
        .Refuses("functions", hint: "it is OpenAI's former name: use 'tools'.")
        .Refuses("function_call", hint: "it is OpenAI's former name: use 'tool_choice'.")
        .Refuses("modalities", IsTextOnly, "local models answer in text only.")
        .Refuses("audio", hint: "local models answer in text only.")
        .Refuses("prediction")
        .Refuses("web_search_options", hint: "local models do not search the web.")
        .Refuses("verbosity", static v => v.ValueKind == JsonValueKind.String && v.ValueEquals("medium"))
        .Refuses("reasoning_format", static v => v.ValueKind == JsonValueKind.String && (v.ValueEquals("auto") || v.ValueEquals("deepseek")), "thoughts always come as 'reasoning_content'.")
        .Refuses("best_of", static v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var n) && n == 1)
        .Refuses("echo", NeutralFields.IsBoolean(false));

    private static JsonElement Text(Field field)
    {
        field.Text();
        return field.Value;
    }

    private static bool IsTextOnly(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text");

    private void CheckTogether()
    {
        if (_messages.ValueKind == JsonValueKind.Undefined)
            throw new InvalidRequestException("missing_required_parameter", "The request has no 'messages'.", "messages");
        if (_topLogProbs is not null && !_logProbs)
            throw new InvalidRequestException(InvalidRequestException.InvalidValue, "'top_logprobs' needs 'logprobs': true beside it.", "top_logprobs");
        var bindsFormat = _jsonMode || _schema is not null;
        if (Grammar is not null && (bindsFormat || _tools is not null))
            throw new InvalidRequestException(InvalidRequestException.Unsupported, "'grammar' cannot be used together with 'response_format' or 'tools'; give one of them.", "grammar");
        CheckToolChoice();
    }

    private void CheckToolChoice()
    {
        switch (_toolChoice?.Mode)
        {
            case ToolChoiceMode.Required or ToolChoiceMode.Function when _tools is null:
                throw new InvalidRequestException(InvalidRequestException.InvalidValue, "'tool_choice' asks for a tool, but the request has no 'tools'.", "tool_choice");
            case ToolChoiceMode.Function when !_tools!.Value.EnumerateArray().Any(t => NameOf(t) == _toolChoice.Function):
                throw new InvalidRequestException(InvalidRequestException.InvalidValue, "'tool_choice' names a function that is not among 'tools'.", "tool_choice");
        }
    }

    private void ReadMessages(Field field)
    {
        _messages = field.Array();
        if (_messages.GetArrayLength() == 0) throw new InvalidRequestException(InvalidRequestException.InvalidValue, "'messages' is empty; send at least one message.", field.Name);
    }

    private void ReadResponseFormat(Field field)
    {
        var type = Member(field, "type").Text();
        switch (type)
        {
            case "text":
                RefuseOthers(field, "type");
                break;
            case "json_object":
                RefuseOthers(field, "type", "schema");
                // llama.cpp's server takes a schema here too.
                if (field.Value.TryGetProperty("schema", out var schema) && schema.ValueKind != JsonValueKind.Null) _schema = SchemaOf(field.Inner("schema", schema));
                else _jsonMode = true;
                break;
            case "json_schema":
                RefuseOthers(field, "type", "json_schema");
                var format = Member(field, "json_schema");
                format.Object();
                RefuseOthers(format, "name", "description", "schema", "strict");
                _schema = SchemaOf(Member(format, "schema"));
                if (format.Value.TryGetProperty("strict", out var strict) && strict.ValueKind != JsonValueKind.Null) format.Inner("strict", strict).Boolean();
                break;
            default:
                throw new Field($"{field.Name}.type", field.Value).OutOfRange("'text', 'json_object' or 'json_schema'");
        }
    }

    private static JsonElement SchemaOf(Field field) =>
        field.Kind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False ? field.Value : throw field.WrongType("a JSON schema");

    private static Field Member(Field field, string name) =>
        field.Object().TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? field.Inner(name, value)
            : throw new InvalidRequestException("missing_required_parameter", $"'{field.Name}' has no '{name}'.", $"{field.Name}.{name}");

    private static void RefuseOthers(Field field, params ReadOnlySpan<string> known)
    {
        foreach (var property in field.Value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && !known.Contains(property.Name))
                throw field.Inner(property.Name, property.Value).Unsupported("is not known here; leave it out.");
        }
    }

    private void ReadTools(Field field)
    {
        var count = field.Array().GetArrayLength();
        if (count > MaxTools) throw field.OutOfRange($"an array of up to {MaxTools} tools");
        if (count == 0) return;
        _tools = field.Value;
        var index = 0;
        foreach (var tool in field.Value.EnumerateArray())
        {
            var element = field.Element(index++, tool);
            var type = Member(element, "type");
            if (type.Text() != "function") throw type.Unsupported("must be 'function': local models know no other tools.");
            if (Member(Member(element, "function"), "name").Text().Length == 0) throw element.OutOfRange("a function with a name");
        }
    }

    private static string? NameOf(JsonElement tool) => tool.GetProperty("function").GetProperty("name").GetString();

    private static ToolChoice ReadToolChoice(Field field)
    {
        if (field.Kind == JsonValueKind.String)
        {
            return field.Value.GetString() switch
            {
                "auto" => new ToolChoice(ToolChoiceMode.Auto),
                "none" => new ToolChoice(ToolChoiceMode.None),
                "required" => new ToolChoice(ToolChoiceMode.Required),
                _ => throw field.OutOfRange("'auto', 'none', 'required' or a function"),
            };
        }
        if (field.Kind != JsonValueKind.Object) throw field.WrongType("'auto', 'none', 'required' or a function");
        var type = Member(field, "type");
        if (type.Text() != "function") throw type.Unsupported("must be 'function': local models know no other choice.");
        return new ToolChoice(ToolChoiceMode.Function, Member(Member(field, "function"), "name").Text());
    }

    private void ReadTemplateArguments(Field field)
    {
        foreach (var argument in field.Object().EnumerateObject()) _arguments.TryAdd(argument.Name, argument.Value);
    }
}
