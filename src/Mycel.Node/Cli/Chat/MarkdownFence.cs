namespace Mycel.Node.Cli.Chat;

/// <summary>The opening of a code block, and so what closes it.</summary>
/// <param name="Mark">Its character: ` or ~.</param>
/// <param name="Length">How many of them; at least as many close the block.</param>
/// <param name="Indent">Spaces before it, taken off the block's lines too.</param>
/// <param name="Language">The language named after it, or empty.</param>
/// <param name="QuoteDepth">Quotations around it, whose marks are taken off the block's lines.</param>
internal sealed record MarkdownFence(char Mark, int Length, int Indent, string Language, int QuoteDepth = 0)
{
    /// <summary>What a line inside a code block is.</summary>
    public enum LineKind
    {
        /// <summary>More of the line is needed to tell.</summary>
        Unclear,

        /// <summary>Code.</summary>
        Code,

        /// <summary>The end of the block.</summary>
        Closing,
    }

    /// <summary>Classifies the opening of a line in the block, and says how much of it is not code.</summary>
    public (LineKind Kind, int Consumed) Classify(ReadOnlySpan<char> text, bool ended)
    {
        int position = 0;
        for (int depth = 0; depth < QuoteDepth; depth++)
        {
            int mark = SkipSpaces(text, position, int.MaxValue);
            if (mark == text.Length) return ended ? (LineKind.Code, text.Length) : default;
            if (text[mark] != '>') break;
            position = mark + 1;
            if (position == text.Length) return ended ? (LineKind.Code, position) : default;
            if (text[position] == ' ') position++;
        }

        int code = SkipSpaces(text, position, Indent);
        int run = SkipSpaces(text, position, int.MaxValue);
        int end = run;
        while (end < text.Length && text[end] == Mark) end++;
        if (end == text.Length && !ended) return default;
        if (end - run < Length) return (LineKind.Code, code);

        // Only spaces may follow a closing mark.
        if (text[end..].ContainsAnyExcept(' ', '\t')) return (LineKind.Code, code);
        return ended ? (LineKind.Closing, text.Length) : default;
    }

    private static int SkipSpaces(ReadOnlySpan<char> text, int start, int limit)
    {
        int end = start;
        while (end < text.Length && end - start < limit && text[end] is ' ' or '\t') end++;
        return end;
    }
}
