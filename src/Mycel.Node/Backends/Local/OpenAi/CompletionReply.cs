using System.Text;
using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A completion's reply: <c>text_completion</c> as a stream of events or as one document.</summary>
internal sealed class CompletionReply : ReplyWriter
{
    private readonly ReplyIdentity _identity;
    private readonly CompletionFields _request;
    private readonly byte[] _head;
    private readonly Choice[] _choices;

    private sealed class Choice(string? echo)
    {
        /// <summary>The prompt, while it is still to be written in front; null where it is not, or no longer.</summary>
        public string? Echo { get; set; } = echo;
        public TextDecoder Decoder { get; } = new();
        public StringBuilder Text { get; } = new();
        public List<TokenLogProb> LogProbs { get; } = [];
        public List<int> Offsets { get; } = [];
        public TextDecoder TokenDecoder { get; } = new();
        public int NextOffset { get; set; }
        public bool IsCut { get; set; }
    }

    /// <param name="identity">What all its events say.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="isStream">Whether it is a stream.</param>
    public CompletionReply(ReplyIdentity identity, CompletionFields request, bool isStream)
        : base(isStream, request.Prompts.Count * request.Answers, request.Answers)
    {
        _identity = identity;
        _request = request;
        _head = isStream ? EventHead(identity, "text_completion"u8) : [];
        _choices = [.. request.Prompts.SelectMany(p => Enumerable.Range(0, request.Answers).Select(_ => new Choice(request.Echo ? p.Text : null)))];
    }

    public override void Text(int choice, ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs)
    {
        var current = _choices[choice];
        if (logProbs is not null) AddLogProbs(current, logProbs);
        var text = current.Decoder.Decode(utf8);
        if (!IsStream) current.Text.Append(text);
        else if (!text.IsEmpty || current.LogProbs.Count > 0) WriteEvent(choice, current, text);
    }

    protected override void EndChoice(int choice, bool isCut)
    {
        var current = _choices[choice];
        current.IsCut = isCut;
        if (!IsStream) return;
        if (current.Echo is not null) WriteEvent(choice, current, []);
        OpenEvent().Raw("\",\"index\":"u8).Number(choice).Raw(",\"logprobs\":null,\"finish_reason\":\""u8).Raw(Reason(current)).Raw("\"}]"u8);
        EndEvent(_request.IncludesUsage, IsLast);
    }

    protected override void EndReply()
    {
        if (IsStream)
        {
            EndStream(_head);
            return;
        }
        _identity.Write(Output, "text_completion"u8);
        Output.Raw(",\"choices\":["u8);
        for (var i = 0; i < _choices.Length; i++)
        {
            var choice = _choices[i];
            Output.Raw(i > 0 ? ",{\"text\":\""u8 : "{\"text\":\""u8).Text(choice.Echo).Text(choice.Text.ToString()).Raw("\",\"index\":"u8).Number(i).Raw(",\"logprobs\":"u8);
            TokenJson.WriteCompletion(Output, _request.TopLogProbs is null ? null : choice.LogProbs, choice.Offsets);
            Output.Raw(",\"finish_reason\":\""u8).Raw(Reason(choice)).Raw("\"}"u8);
        }
        EndDocument();
    }

    private static ReadOnlySpan<byte> Reason(Choice choice) => choice.IsCut ? "length"u8 : "stop"u8;

    private JsonOutput OpenEvent() => Output.Raw(_head).Raw(",\"choices\":[{\"text\":\""u8);

    private void WriteEvent(int index, Choice choice, ReadOnlySpan<char> text)
    {
        OpenEvent().Text(choice.Echo).Text(text).Raw("\",\"index\":"u8).Number(index).Raw(",\"logprobs\":"u8);
        choice.Echo = null;
        TokenJson.WriteCompletion(Output, choice.LogProbs.Count > 0 ? choice.LogProbs : null, choice.Offsets);
        choice.LogProbs.Clear();
        choice.Offsets.Clear();
        Output.Raw(",\"finish_reason\":null}]"u8);
        EndEvent(_request.IncludesUsage, false);
    }

    private static void AddLogProbs(Choice choice, IReadOnlyList<TokenLogProb> logProbs)
    {
        foreach (var token in logProbs)
        {
            choice.LogProbs.Add(token);
            choice.Offsets.Add(choice.NextOffset);
            // Characters as Python and OpenAI count them: a pair of surrogates is one.
            foreach (var character in choice.TokenDecoder.Decode(token.Token))
            {
                if (!char.IsLowSurrogate(character)) choice.NextOffset++;
            }
        }
    }
}
