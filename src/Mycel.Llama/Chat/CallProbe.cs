using System.Text;
using System.Text.Json;

namespace Mycel.Llama.Chat;

/// <summary>A call that templates are tried with: what they make of it must be read as that call again.</summary>
internal static class CallProbe
{
    public const string Name = "probe_name";
    public const string Key = "probe_key";
    public const string Value = "PROBE-7431";

    /// <summary>Whether a rendered chat is read as one with the call.</summary>
    public static bool IsRead(string rendered, ChatSyntax syntax, CallSyntax calls)
    {
        using var schema = JsonDocument.Parse($$"""{"properties": { "{{Key}}": { "type": "string" } } }""");
        var plan = new OutputPlan
        {
            Calls = calls,
            Tools = [new Tool(Name, schema.RootElement)],
            Reasoning = syntax.Reasoning,
            Dropped = syntax.Dropped,
        };
        var parser = new StreamParser(plan, () => "");
        var read = new Reader();
        // Calls without a mark are known at the beginning of an answer alone.
        var start = calls.MayBeBare ? rendered.IndexOf('{', StringComparison.Ordinal) : 0;
        parser.Push(rendered[Math.Max(start, 0)..], read);
        parser.End(read);
        return read.IsCalled;
    }

    private sealed class Reader : IChatOutput
    {
        private readonly StringBuilder _arguments = new();
        private int _calls;

        public bool IsCalled
        {
            get
            {
                if (_calls != 1)
                    return false;
                try
                {
                    using var document = JsonDocument.Parse(_arguments.ToString());
                    return document.RootElement.TryGetProperty(Key, out var value) && value.ValueKind == JsonValueKind.String && value.ValueEquals(Value);
                }
                catch (JsonException)
                {
                    return false;
                }
            }
        }

        public void Content(string text)
        {
        }

        public void Reasoning(string text)
        {
        }

        public void ToolCall(int index, string id, string name) => _calls += name == Name ? 1 : 2;

        public void ToolArguments(int index, string jsonFragment) => _arguments.Append(jsonFragment);
    }
}
