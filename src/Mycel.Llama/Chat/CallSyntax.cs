using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>A tool and the grammar's rule for its arguments.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">Name of the rule for a JSON object with its arguments.</param>
internal readonly record struct ToolRule(Tool Tool, string Arguments)
{
    public string Name => Tool.Name;
}

/// <summary>How a family of models writes tool calls.</summary>
internal abstract class CallSyntax
{
    /// <summary>Most characters of a call that are held before it is clear that it is one.</summary>
    public const int MaxHeld = 256 * 1024;

    /// <summary>Most characters of a call up to its arguments.</summary>
    protected const int MaxHead = 512;

    /// <summary>Marks that calls begin with.</summary>
    public abstract IReadOnlyList<string> Openings { get; }

    /// <summary>Whether an answer that begins with <c>{</c> may be a call without a mark.</summary>
    public virtual bool MayBeBare => false;

    /// <summary>The opening from which on a grammar can bind in an answer that may go without calls; null where no mark is clear enough.</summary>
    public virtual string? Trigger => Openings.Count > 0 ? Openings[0] : null;

    /// <summary>Whether nothing but a call or a wrapped answer can come, which a grammar sees to.</summary>
    public virtual bool IsWholeAnswer => false;

    /// <summary>Reads calls from an opening on. Yields where more text must come. Sets <see cref="OutputWriter.Failed"/> where it is no call.</summary>
    public abstract IEnumerable<bool> Read(Cursor text, OutputWriter output);

    /// <summary>Body of the grammar's rule for one or more calls, the opening included.</summary>
    public abstract string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel);

    /// <summary>Rule for some blank space; bounded, so that a model cannot lose itself in it.</summary>
    protected static string Blank(GrammarBuilder grammar) => grammar.AddRule("blank", "[ \\t\\n]{0,4}");

    protected static string OneOf(IEnumerable<string> rules) => string.Join(" | ", rules);

    /// <summary>Reads arguments behind blank space; where no object begins there, nothing.</summary>
    public static IEnumerable<bool> ReadArguments(Cursor text, OutputWriter output)
    {
        while (true)
        {
            text.SkipSpace();
            if (!text.Rest.IsEmpty || text.IsEnd)
                break;
            yield return true;
        }

        if (!text.Rest.StartsWith("{"))
            yield break;
        foreach (var wait in StreamObject(text, output))
            yield return wait;
    }

    /// <summary>Reads a JSON object and tells it as arguments piece by piece; the caller sees to it that it begins here.</summary>
    protected static IEnumerable<bool> StreamObject(Cursor text, OutputWriter output)
    {
        var scanner = new JsonScanner();
        while (true)
        {
            var length = scanner.Scan(text.Rest);
            output.Arguments(text.Take(length));
            if (scanner.IsDone)
                yield break;
            if (text.IsEnd)
                yield break;
            yield return true;
        }
    }

    /// <summary>A value of an argument as JSON: as it stands where it is JSON and the tool does not take text there, otherwise as a string.</summary>
    protected static string ToJson(Tool tool, string argument, string value)
    {
        if (!tool.TakesText(argument))
        {
            try
            {
                using var document = JsonDocument.Parse(value);
                return value.Trim();
            }
            catch (JsonException)
            {
                // Text after all.
            }
        }

        return Quote(value);
    }

    public static string Quote(string text) =>
        JsonSerializer.Serialize(text, s_plain);

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>Finds the end of a JSON object or array that comes in pieces.</summary>
internal sealed class JsonScanner
{
    private int _depth;
    private bool _inString;
    private bool _isEscaped;

    public bool IsDone { get; private set; }

    /// <summary>Number of characters that belong to it.</summary>
    public int Scan(ReadOnlySpan<char> text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            var current = text[index];
            if (_isEscaped)
                _isEscaped = false;
            else if (_inString)
                (_isEscaped, _inString) = (current == '\\', current != '"');
            else if (current == '"')
                _inString = true;
            else if (current is '{' or '[')
                _depth++;
            else if (current is '}' or ']' && --_depth <= 0)
            {
                IsDone = true;
                return index + 1;
            }
        }

        return text.Length;
    }
}
