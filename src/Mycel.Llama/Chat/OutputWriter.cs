using System.Text.Json;

namespace Mycel.Llama.Chat;

/// <summary>What the tools of a request are called and take.</summary>
/// <param name="Name">The name.</param>
/// <param name="Parameters">JSON schema of the arguments; null for any object.</param>
internal sealed record Tool(string Name, JsonElement? Parameters)
{
    /// <summary>Whether its arguments must follow the schema.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether an argument is given as text that is a string even where it looks like JSON.</summary>
    public bool TakesText(string argument) =>
        Parameters is { ValueKind: JsonValueKind.Object } schema
        && schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
        && properties.TryGetProperty(argument, out var property) && property.ValueKind == JsonValueKind.Object
        && property.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "string";
}

/// <summary>Writes an answer's parts; drops the blank space that models put around their marks.</summary>
internal sealed class OutputWriter(IReadOnlyList<Tool> tools, Func<string> newId)
{
    private string _blank = "";
    private bool _isReasoning;
    private bool _skipsBlank;

    public IChatOutput Output { get; set; } = null!;

    public int Calls { get; private set; }

    public bool HasContent { get; private set; }

    /// <summary>Whether what was read as a call is none.</summary>
    public bool Failed { get; set; }

    public Tool? Find(string name) => tools.FirstOrDefault(tool => tool.Name == name);

    public void Text(string text, bool isReasoning)
    {
        if (isReasoning != _isReasoning)
        {
            DropBlank();
            _isReasoning = isReasoning;
            _skipsBlank = true;
        }

        var end = Templates.Text.TrimEnd(text).Length;
        if (end == 0)
        {
            _blank += _skipsBlank ? "" : text;
            return;
        }

        var shown = text[..end];
        Write(_skipsBlank ? Templates.Text.TrimStart(shown) : _blank + shown);
        _skipsBlank = false;
        _blank = text[end..];
    }

    /// <summary>Drops blank space before a mark, and what follows it.</summary>
    public void DropBlank()
    {
        _blank = "";
        _skipsBlank = true;
    }

    /// <summary>Shows blank space at the end of the answer.</summary>
    public void Flush()
    {
        if (_blank.Length > 0 && !_isReasoning && Calls == 0)
            Write(_blank);
        _blank = "";
    }

    public void Call(string name)
    {
        DropBlank();
        Output.ToolCall(Calls++, newId(), name);
    }

    public void Arguments(string fragment)
    {
        if (fragment.Length > 0)
            Output.ToolArguments(Calls - 1, fragment);
    }

    private void Write(string text)
    {
        if (text.Length == 0)
            return;
        if (_isReasoning)
        {
            Output.Reasoning(text);
        }
        else
        {
            HasContent = true;
            Output.Content(text);
        }
    }
}
