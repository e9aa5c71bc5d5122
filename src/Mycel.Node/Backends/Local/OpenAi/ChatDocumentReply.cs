using System.Text;
using Mycel.Llama;
using Mycel.Llama.Chat;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A chat's reply as one <c>chat.completion</c> document.</summary>
internal sealed class ChatDocumentReply : ReplyWriter, IChatOutput
{
    private readonly ReplyIdentity _identity;
    private readonly bool _tellsLogProbs;
    private readonly Choice[] _choices;
    private Choice _current;

    private sealed class Choice(ChatOutputParser parser)
    {
        public ChatOutputParser Parser { get; } = parser;
        public TextDecoder Decoder { get; } = new();
        public StringBuilder Content { get; } = new();
        public StringBuilder Reasoning { get; } = new();
        public List<Call> Calls { get; } = [];
        public List<TokenLogProb> LogProbs { get; } = [];
        public bool IsCut { get; set; }
    }

    private sealed record Call(int Index, string Id, string Name)
    {
        public StringBuilder Arguments { get; } = new();
    }

    /// <param name="identity">What the document says of itself.</param>
    /// <param name="prompt">The prompt, which knows how the model's output is read.</param>
    /// <param name="answers">Answers in all.</param>
    /// <param name="tellsLogProbs">Whether probabilities were asked for.</param>
    public ChatDocumentReply(ReplyIdentity identity, ChatPrompt prompt, int answers, bool tellsLogProbs) : base(false, answers, answers)
    {
        _identity = identity;
        _tellsLogProbs = tellsLogProbs;
        _choices = [.. Enumerable.Range(0, answers).Select(_ => new Choice(prompt.NewParser()))];
        _current = _choices[0];
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs)
    {
        _current = _choices[choice];
        if (logProbs is not null) _current.LogProbs.AddRange(logProbs);
        var text = _current.Decoder.Decode(utf8);
        if (!text.IsEmpty) _current.Parser.Push(new string(text), this);
    }

    void IChatOutput.Content(string text) => _current.Content.Append(text);

    void IChatOutput.Reasoning(string text) => _current.Reasoning.Append(text);

    void IChatOutput.ToolCall(int index, string id, string name) => _current.Calls.Add(new Call(index, id, name));

    void IChatOutput.ToolArguments(int index, string jsonFragment) => _current.Calls.Find(c => c.Index == index)?.Arguments.Append(jsonFragment);

    protected override void EndChoice(int choice, bool isCut)
    {
        _current = _choices[choice];
        _current.Parser.End(this);
        _current.IsCut = isCut;
    }

    protected override void EndReply()
    {
        _identity.Write(Output, "chat.completion"u8);
        Output.Raw(",\"choices\":["u8);
        for (var i = 0; i < _choices.Length; i++)
        {
            if (i > 0) Output.Raw(","u8);
            WriteChoice(i, _choices[i]);
        }
        EndDocument();
    }

    private void WriteChoice(int index, Choice choice)
    {
        Output.Raw("{\"index\":"u8).Number(index).Raw(",\"message\":{\"role\":\"assistant\",\"content\":"u8)
            .String(choice.Content.Length == 0 && choice.Calls.Count > 0 ? null : choice.Content.ToString());
        if (choice.Reasoning.Length > 0) Output.Raw(",\"reasoning_content\":"u8).String(choice.Reasoning.ToString());
        Output.Raw(",\"refusal\":null"u8);
        if (choice.Calls.Count > 0) WriteCalls(choice.Calls);
        Output.Raw("},\"logprobs\":"u8);
        TokenJson.WriteChat(Output, _tellsLogProbs ? choice.LogProbs : null);
        Output.Raw(",\"finish_reason\":\""u8).Raw(choice.IsCut ? "length"u8 : choice.Parser.SawToolCall ? "tool_calls"u8 : "stop"u8).Raw("\"}"u8);
    }

    private void WriteCalls(List<Call> calls)
    {
        Output.Raw(",\"tool_calls\":["u8);
        for (var i = 0; i < calls.Count; i++)
        {
            if (i > 0) Output.Raw(","u8);
            Output.Raw("{\"id\":"u8).String(calls[i].Id).Raw(",\"type\":\"function\",\"function\":{\"name\":"u8).String(calls[i].Name)
                .Raw(",\"arguments\":"u8).String(calls[i].Arguments.ToString()).Raw("}}"u8);
        }
        Output.Raw("]"u8);
    }
}
