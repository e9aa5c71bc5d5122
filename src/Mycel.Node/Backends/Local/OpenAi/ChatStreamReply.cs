using Mycel.Llama;
using Mycel.Llama.Chat;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A chat's reply as a stream of <c>chat.completion.chunk</c> events.</summary>
internal sealed class ChatStreamReply : ReplyWriter, IChatOutput
{
    private readonly byte[] _head;
    private readonly Choice[] _choices;
    private readonly bool _withNullUsage;
    private Choice _current;

    private sealed class Choice(int index, ChatOutputParser parser)
    {
        public int Index { get; } = index;
        public ChatOutputParser Parser { get; } = parser;
        public TextDecoder Decoder { get; } = new();
        public List<TokenLogProb> LogProbs { get; } = [];
        public bool TellsLogProbs { get; set; }
        public bool HasBegun { get; set; }
    }

    /// <param name="identity">What all its events say.</param>
    /// <param name="prompt">The prompt, which knows how the model's output is read.</param>
    /// <param name="answers">Answers in all.</param>
    /// <param name="includesUsage">Whether the caller asked for the usage.</param>
    public ChatStreamReply(ReplyIdentity identity, ChatPrompt prompt, int answers, bool includesUsage) : base(true, answers, answers)
    {
        _head = EventHead(identity, "chat.completion.chunk"u8);
        _withNullUsage = includesUsage;
        _choices = [.. Enumerable.Range(0, answers).Select(i => new Choice(i, prompt.NewParser()))];
        _current = _choices[0];
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs)
    {
        _current = _choices[choice];
        if (logProbs is not null)
        {
            _current.TellsLogProbs = true;
            _current.LogProbs.AddRange(logProbs);
        }
        var text = _current.Decoder.Decode(utf8);
        if (!text.IsEmpty) _current.Parser.Push(new string(text), this);
    }

    void IChatOutput.Content(string text)
    {
        if (text.Length == 0) return;
        Begin("\"\""u8);
        OpenDelta().Raw("\"content\":\""u8).Text(text).Raw("\""u8);
        CloseDelta();
    }

    void IChatOutput.Reasoning(string text)
    {
        if (text.Length == 0) return;
        Begin("null"u8);
        OpenDelta().Raw("\"reasoning_content\":\""u8).Text(text).Raw("\""u8);
        CloseDelta();
    }

    void IChatOutput.ToolCall(int index, string id, string name)
    {
        Begin("null"u8);
        OpenDelta().Raw("\"tool_calls\":[{\"index\":"u8).Number(index).Raw(",\"id\":"u8).String(id)
            .Raw(",\"type\":\"function\",\"function\":{\"name\":"u8).String(name).Raw(",\"arguments\":\"\"}}]"u8);
        CloseDelta();
    }

    void IChatOutput.ToolArguments(int index, string jsonFragment)
    {
        if (jsonFragment.Length == 0) return;
        OpenDelta().Raw("\"tool_calls\":[{\"index\":"u8).Number(index).Raw(",\"function\":{\"arguments\":\""u8).Text(jsonFragment).Raw("\"}}]"u8);
        CloseDelta();
    }

    protected override void EndChoice(int choice, bool isCut)
    {
        _current = _choices[choice];
        _current.Parser.End(this);
        Begin("\"\""u8);
        OpenDelta();
        Output.Raw("},\"logprobs\":"u8);
        WriteLogProbs();
        Output.Raw(",\"finish_reason\":\""u8).Raw(isCut ? "length"u8 : _current.Parser.SawToolCall ? "tool_calls"u8 : "stop"u8).Raw("\"}]"u8);
        EndEvent(_withNullUsage, IsLast);
    }

    protected override void EndReply() => EndStream(_head);

    /// <summary>The first event of an answer, which says whose it is.</summary>
    private void Begin(ReadOnlySpan<byte> content)
    {
        if (_current.HasBegun) return;
        _current.HasBegun = true;
        OpenDelta().Raw("\"role\":\"assistant\",\"content\":"u8).Raw(content).Raw(",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}]"u8);
        EndEvent(_withNullUsage, false);
    }

    private JsonOutput OpenDelta() => Output.Raw(_head).Raw(",\"choices\":[{\"index\":"u8).Number(_current.Index).Raw(",\"delta\":{"u8);

    private void CloseDelta()
    {
        Output.Raw("},\"logprobs\":"u8);
        WriteLogProbs();
        Output.Raw(",\"finish_reason\":null}]"u8);
        EndEvent(_withNullUsage, false);
    }

    /// <summary>Those of all tokens since the last event: text that was held back comes with the tokens it was held for.</summary>
    private void WriteLogProbs()
    {
        TokenJson.WriteChat(Output, _current.TellsLogProbs && _current.LogProbs.Count > 0 ? _current.LogProbs : null);
        _current.LogProbs.Clear();
    }
}
