using Mycel.Llama.Chat;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>A chat format that is easy to see through: thoughts stand in &lt;think&gt;, calls in &lt;call&gt;name|arguments&lt;/call&gt;.</summary>
internal sealed class FakeChats : IChatRenderer
{
    public List<ChatRequest> Rendered { get; } = [];

    public Func<ChatRequest, ChatPrompt>? Render { get; set; }

    /// <summary>Variables that the template is said to read.</summary>
    public string Variables { get; set; } = "";

    bool IChatRenderer.Reads(string variable) => Variables.Contains(variable, StringComparison.Ordinal);

    ChatPrompt IChatRenderer.Render(ChatRequest request)
    {
        Rendered.Add(request);
        return Render?.Invoke(request) ?? new ChatPrompt { Text = "<prompt>", Stop = ["<end>"], NewParser = () => new Parser() };
    }

    /// <summary>Takes what is between marks when it is whole; nothing in these tests cuts a mark in two.</summary>
    internal sealed class Parser : ChatOutputParser
    {
        private string _held = "";
        private int _calls;

        public override bool SawToolCall => _calls > 0;

        public override void Push(string text, IChatOutput output)
        {
            _held += text;
            while (_held.Length > 0)
            {
                var tag = _held.StartsWith("<think>", StringComparison.Ordinal) ? "think" : _held.StartsWith("<call>", StringComparison.Ordinal) ? "call" : null;
                if (tag is null)
                {
                    output.Content(_held);
                    _held = "";
                    return;
                }
                var end = _held.IndexOf($"</{tag}>", StringComparison.Ordinal);
                if (end < 0) return;
                var inner = _held[(tag.Length + 2)..end];
                _held = _held[(end + tag.Length + 3)..];
                if (tag == "think")
                {
                    output.Reasoning(inner);
                    continue;
                }
                var parts = inner.Split('|');
                output.ToolCall(_calls, $"call_{_calls}", parts[0]);
                foreach (var character in parts[1]) output.ToolArguments(_calls, character.ToString());
                _calls++;
            }
        }

        public override void End(IChatOutput output)
        {
            if (_held.Length > 0) output.Content(_held);
            _held = "";
        }
    }
}
