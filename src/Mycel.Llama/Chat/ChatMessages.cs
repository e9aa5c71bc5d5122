using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Mycel.Llama.Chat;

/// <summary>Checks messages and brings them into the form that a template takes.</summary>
internal sealed class ChatMessages(ChatTemplate template, bool describesCalls)
{
    private const string Roles = "'system', 'developer', 'user', 'assistant' or 'tool'";
    private readonly List<Dictionary<string, object?>> _messages = [];
    private string _heldSystem = "";
    private string? _results;

    /// <param name="messages">OpenAI's messages.</param>
    /// <param name="system">What to tell the model beside its system message; empty for nothing.</param>
    /// <exception cref="ChatException">They are wrong.</exception>
    public IReadOnlyList<Dictionary<string, object?>> Convert(JsonElement messages, string system)
    {
        if (messages.ValueKind != JsonValueKind.Array)
            throw new ChatException("'messages' must be an array of messages.", "messages");
        if (messages.GetArrayLength() is var count && count is 0 or > ChatRequest.MaxMessages)
            throw new ChatException($"'messages' must have 1 to {ChatRequest.MaxMessages:N0} messages, not {count:N0}.", "messages");
        var index = 0;
        foreach (var message in messages.EnumerateArray())
            Add(message, $"messages[{index++}]", ref system);
        if (system.Length > 0)
            PutFirst(system);
        if (_heldSystem.Length > 0)
            _messages.Add(ChatTemplate.Message("user", template.Content(_heldSystem)));
        return _messages;
    }

    private void Add(JsonElement message, string path, ref string system)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw new ChatException("A message must be an object with 'role' and 'content'.", path);
        var role = ReadText(message, "role", path) ?? throw new ChatException($"A message's 'role' is missing: {Roles}.", path + ".role");
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool"))
            throw new ChatException($"A message's 'role' must be {Roles}.", path + ".role");
        var parts = ReadContent(message, path);
        var content = parts is null ? null : string.Join('\n', parts);
        if (content is null && role != "assistant")
            throw new ChatException($"A message of the role '{role}' must have a 'content'.", path + ".content");
        if (role == "developer" && !template.KnowsDeveloper)
            role = "system";
        if (role is "system" or "developer" && system.Length > 0)
            (content, system) = (content + "\n\n" + system, "");
        if (role == "system" && !template.KnowsSystem)
        {
            // Such templates know no system messages: what one says goes before what the user says next.
            _heldSystem += _heldSystem.Length > 0 ? "\n\n" + content : content;
            return;
        }

        if (role == "user" && _heldSystem.Length > 0)
            (content, _heldSystem) = (_heldSystem + "\n" + content, "");
        AddConverted(message, role, content, template.TakesParts && parts is { Count: > 1 } && content == string.Join('\n', parts) ? ChatTemplate.Parts(parts) : null, path);
    }

    private void AddConverted(JsonElement message, string role, string? content, object? parts, string path)
    {
        if (role != "tool")
            _results = null;
        var calls = role == "assistant" ? ReadCalls(message, path) : [];
        if (role == "tool" && describesCalls)
        {
            AddResult($"The result of the tool:\n{content}");
            return;
        }

        if (calls.Count > 0 && describesCalls)
        {
            var said = JsonSerializer.Serialize(new { tool_calls = calls.Select(call => new { name = call.Name, arguments = JsonDocument.Parse(call.Arguments).RootElement }) }, Plain);
            _messages.Add(ChatTemplate.Message("assistant", template.Content(content is { Length: > 0 } ? content + "\n" + said : said)));
            return;
        }

        if (content is null && (calls.Count == 0 || template.NeedsContent))
            content = "";
        var converted = ChatTemplate.Message(role, content is null ? null : parts ?? template.Content(content));
        foreach (var name in new[] { "name", "reasoning_content" })
        {
            if (ReadText(message, name, path) is { } text)
                converted[name] = text;
        }

        if (converted.TryGetValue("reasoning_content", out var reasoning))
            AddThought(converted, reasoning, content);
        if (ReadText(message, "tool_call_id", path) is { } id)
            converted["tool_call_id"] = ShortId(id);
        if (calls.Count > 0)
            converted["tool_calls"] = calls.Select(ToTemplate).ToArray();
        _messages.Add(converted);
    }

    /// <summary>Tells a thought in the way of those templates that do not know it by its usual name.</summary>
    private void AddThought(Dictionary<string, object?> message, object? reasoning, string? content)
    {
        if (template.Syntax.HasChannels)
            message["thinking"] = reasoning;
        else if (template.TakesParts && template.Syntax.Reasoning?.Opening == "[THINK]")
            message["content"] = (object?[])[new Dictionary<string, object?> { ["type"] = "thinking", ["thinking"] = reasoning }, .. ChatTemplate.Parts([content ?? ""])];
    }

    /// <summary>Tells a tool's result as a user's message: one for all results in a row, as many templates want users and assistants in turns.</summary>
    private void AddResult(string result)
    {
        if (_results is null)
        {
            _messages.Add(ChatTemplate.Message("user", null));
            _results = "";
        }

        _results += _results.Length > 0 ? "\n\n" + result : result;
        _messages[^1]["content"] = template.Content(_results);
    }

    private object ToTemplate(Call call) => new Dictionary<string, object?>
    {
        ["id"] = ShortId(call.Id),
        ["type"] = "function",
        ["function"] = new Dictionary<string, object?>
        {
            ["name"] = call.Name,
            ["arguments"] = template.TakesObjects ? JsonDocument.Parse(call.Arguments).RootElement : call.Arguments,
        },
    };

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private sealed record Call(string Id, string Name, string Arguments);

    private static List<Call> ReadCalls(JsonElement message, string path)
    {
        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind == JsonValueKind.Null)
            return [];
        if (calls.ValueKind != JsonValueKind.Array)
            throw new ChatException("'tool_calls' must be an array.", path + ".tool_calls");
        var read = new List<Call>();
        foreach (var call in calls.EnumerateArray())
        {
            var place = $"{path}.tool_calls[{read.Count}]";
            if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("function", out var function) || function.ValueKind != JsonValueKind.Object)
                throw new ChatException("A tool call must be an object with a 'function'.", place);
            var name = ReadText(function, "name", place + ".function") ?? throw new ChatException("A tool call's function must have a 'name'.", place + ".function.name");
            read.Add(new Call(ReadText(call, "id", place) ?? "", name, ReadArguments(function, place + ".function.arguments")));
        }

        return read;
    }

    private static string ReadArguments(JsonElement function, string path)
    {
        if (!function.TryGetProperty("arguments", out var arguments))
            return "{}";
        var text = arguments.ValueKind == JsonValueKind.Object ? arguments.GetRawText() : ReadString(arguments, path);
        if (string.IsNullOrWhiteSpace(text))
            return "{}";
        try
        {
            using var document = JsonDocument.Parse(text);
            return text;
        }
        catch (JsonException)
        {
            throw new ChatException("The arguments of a tool call must be JSON.", path);
        }
    }

    private static List<string>? ReadContent(JsonElement message, string path)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
            return null;
        if (content.ValueKind == JsonValueKind.String)
            return [ReadString(content, path + ".content")];
        if (content.ValueKind != JsonValueKind.Array)
            throw new ChatException("A message's 'content' must be a text or an array of parts.", path + ".content");
        var parts = new List<string>();
        foreach (var part in content.EnumerateArray())
        {
            var place = $"{path}.content[{parts.Count}]";
            if (part.ValueKind != JsonValueKind.Object)
                throw new ChatException("A part of a 'content' must be an object with a 'type'.", place);
            var type = ReadText(part, "type", place) ?? throw new ChatException("A part of a 'content' must have a 'type'.", place + ".type");
            if (type is not ("text" or "refusal"))
                throw new ChatException($"This model takes text only: a part of the type '{type}' cannot be answered.", place);
            parts.Add(ReadText(part, type, place) ?? throw new ChatException($"A part of the type '{type}' must have a '{type}'.", place));
        }

        return parts;
    }

    private static string? ReadText(JsonElement element, string name, string path)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return ReadString(value, path + "." + name);
    }

    private static string ReadString(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw new ChatException($"'{path}' must be a text.", path);
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new ChatException($"'{path}' holds half of a character (an escape \\uD800 to \\uDFFF on its own).", path);
        }
    }

    private void PutFirst(string system)
    {
        if (template.KnowsSystem)
        {
            _messages.Insert(0, ChatTemplate.Message("system", template.Content(system)));
            return;
        }

        var user = _messages.Find(message => (string?)message["role"] == "user");
        if (user is null)
            _messages.Insert(0, ChatTemplate.Message("user", template.Content(system)));
        else
            user["content"] = user["content"] is object?[] parts ? (object?[])[.. ChatTemplate.Parts([system]), .. parts] : template.Content(system + "\n\n" + user["content"]);
    }

    /// <summary>Some templates want nine letters and digits: equal ids become equal ones.</summary>
    private string ShortId(string id) => !template.NeedsShortIds || (id.Length == 9 && id.All(char.IsAsciiLetterOrDigit))
        ? id
        : System.Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..9];
}
