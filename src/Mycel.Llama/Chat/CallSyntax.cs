using Mycel.Llama.Grammar;

namespace Mycel.Llama.Chat;

/// <summary>How a family of models writes tool calls.</summary>
internal abstract class CallSyntax
{
    /// <summary>Most characters that are held before it is clear that they are a call.</summary>
    public const int MaxHeld = 256 * 1024;

    /// <summary>Most characters of a call up to its arguments.</summary>
    protected const int MaxHead = 512;

    /// <summary>Marks that calls begin with.</summary>
    public abstract IReadOnlyList<string> Openings { get; }

    /// <summary>Whether an answer that begins with <c>{</c> may be a call without a mark.</summary>
    public virtual bool MayBeBare => false;

    /// <summary>Whether an answer is either calls or wrapped text, which a grammar sees to from its first character on.</summary>
    public virtual bool IsWholeAnswer => false;

    /// <summary>Reads calls from an opening on. Yields where more text must come. Sets <see cref="OutputWriter.Failed"/> where it is no call.</summary>
    public abstract IEnumerable<bool> Read(Cursor text, OutputWriter output);

    /// <summary>Body of the grammar's rule for one or more calls, the opening included.</summary>
    /// <param name="grammar">Where rules go.</param>
    /// <param name="tools">The tools that may be called.</param>
    /// <param name="isParallel">Whether there may be several calls.</param>
    /// <param name="isOpen">Whether it begins behind the first opening, for syntaxes that prompts may open.</param>
    public abstract string Rule(GrammarBuilder grammar, IReadOnlyList<ToolRule> tools, bool isParallel, bool isOpen);

    /// <summary>Texts that show that a call has begun in an answer that may go without, so that the grammar binds from there on; empty where none is clear enough.</summary>
    public virtual IReadOnlyList<string> Triggers(IReadOnlyList<ToolRule> tools) => Openings.Count > 0 ? [Openings[0]] : [];

    /// <summary>Rule for some blank space; bounded, so that a model cannot lose itself in it.</summary>
    protected static string Blank(GrammarBuilder grammar) => grammar.Shared("blank", () => "[ \\t\\n]{0,4}");

    protected static string OneOf(IEnumerable<string> rules) => string.Join(" | ", rules);

    /// <summary>Goes past blank space.</summary>
    public static IEnumerable<bool> SkipSpace(Cursor text)
    {
        while (true)
        {
            text.SkipSpace();
            if (!text.Rest.IsEmpty || text.IsEnd)
                yield break;
            yield return true;
        }
    }

    /// <summary>Goes past a text and the blank space before it, if it stands here, which <see cref="OutputWriter.Found"/> tells.</summary>
    public static IEnumerable<bool> Skip(Cursor text, string what, OutputWriter output)
    {
        bool? isThere = what.Length == 0 ? false : null;
        while (isThere is null && (isThere = text.TrySkip(what)) is null)
            yield return true;
        output.Found = isThere == true;
    }

    /// <summary>Goes past what stands within or behind a call, if it stands here; where the output ends within that, past its part.</summary>
    public static IEnumerable<bool> SkipClosing(Cursor text, string what, OutputWriter output)
    {
        foreach (var wait in Skip(text, what, output))
            yield return wait;
        if (!output.Found && what.AsSpan().StartsWith(text.Rest.TrimStart(), StringComparison.Ordinal))
            text.Skip(text.Rest.Length);
    }

    /// <summary>Reads a JSON object and tells it as arguments piece by piece; the caller sees to it that it begins here.</summary>
    public static IEnumerable<bool> StreamObject(Cursor text, OutputWriter output)
    {
        var scanner = new JsonScanner();
        while (true)
        {
            output.Arguments(text.Take(scanner.Scan(text.Rest)));
            if (scanner.IsDone || text.IsEnd)
                yield break;
            yield return true;
        }
    }

    /// <summary>A text as JSON.</summary>
    public static string Quote(string text) => JsonRules.Text(text);
}
