using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Writes a reply in OpenAI's form from what the generations tell.</summary>
/// <param name="isStream">Whether it is a stream of events; otherwise one document.</param>
/// <param name="choices">Answers in all.</param>
/// <param name="answers">Answers to each prompt.</param>
internal abstract class ReplyWriter(bool isStream, int choices, int answers)
{
    private int _left = choices;

    public bool IsStream { get; } = isStream;

    /// <summary>What is written and not yet sent. A document is there only at its end.</summary>
    public JsonOutput Output { get; } = new();

    protected ReplyTally Tally { get; } = new(answers);

    /// <summary>Whether no answer is under way any more.</summary>
    protected bool IsLast => _left == 0;

    /// <summary>Some output of an answer.</summary>
    public abstract void Text(int choice, ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs);

    /// <summary>An answer is whole; with the last one, so is the reply.</summary>
    public void End(int choice, GenerationEnd end)
    {
        _left--;
        Tally.Add(choice, end);
        EndChoice(choice, end.Reason == FinishReason.Length);
        if (IsLast) EndReply();
    }

    /// <summary>An answer is whole.</summary>
    /// <param name="choice">Its number.</param>
    /// <param name="isCut">Whether it ended for its length.</param>
    protected abstract void EndChoice(int choice, bool isCut);

    /// <summary>All answers are whole.</summary>
    protected abstract void EndReply();

    /// <summary>Ends a stream whose choices have ended: the usage, which is taken out where the caller did not ask for it, and the end mark.</summary>
    protected void EndStream(ReadOnlySpan<byte> eventHead)
    {
        Output.Raw(eventHead).Raw(",\"choices\":[],\"usage\":"u8);
        Tally.WriteUsage(Output);
        Output.Raw("}\n\ndata: [DONE]\n\n"u8);
    }

    /// <summary>Ends a document behind its choices.</summary>
    protected void EndDocument()
    {
        Output.Raw("],\"usage\":"u8);
        Tally.WriteUsage(Output);
        Output.Raw(",\"timings\":"u8);
        Tally.WriteTimings(Output);
        Output.Raw("}"u8);
    }

    /// <summary>Ends an event of a stream behind its choices.</summary>
    /// <param name="withNullUsage">Whether it says that the usage comes later, as OpenAI does where usage is asked for.</param>
    /// <param name="withTimings">Whether it tells the times.</param>
    protected void EndEvent(bool withNullUsage, bool withTimings)
    {
        if (withNullUsage) Output.Raw(",\"usage\":null"u8);
        if (withTimings)
        {
            Output.Raw(",\"timings\":"u8);
            Tally.WriteTimings(Output);
        }
        Output.Raw("}\n\n"u8);
    }

    /// <summary>The constant beginning of a stream's events.</summary>
    protected static byte[] EventHead(ReplyIdentity identity, ReadOnlySpan<byte> kind)
    {
        var output = new JsonOutput();
        output.Raw("data: "u8);
        identity.Write(output, kind);
        return output.Written.ToArray();
    }
}
