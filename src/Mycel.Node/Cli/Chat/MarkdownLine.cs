namespace Mycel.Node.Cli.Chat;

/// <summary>What a line of Markdown is by its opening.</summary>
internal enum MarkdownLineKind
{
    /// <summary>More of the line is needed to tell.</summary>
    Unclear,

    /// <summary>Ordinary text.</summary>
    Paragraph,

    /// <summary><c># Heading</c>.</summary>
    Heading,

    /// <summary><c>- item</c>.</summary>
    Bullet,

    /// <summary><c>1. item</c>.</summary>
    Numbered,

    /// <summary><c>&gt; quotation</c>; what follows is classified anew.</summary>
    Quote,

    /// <summary><c>---</c>.</summary>
    Rule,

    /// <summary>The opening of a code block.</summary>
    Fence,

    /// <summary>A row of a table.</summary>
    Table,
}

/// <summary>A line's kind and how much of it the opening mark takes.</summary>
internal readonly record struct MarkdownLine(MarkdownLineKind Kind, int Indent = 0, int Consumed = 0, int Level = 0, MarkdownFence? Fence = null)
{
    private const int MaxLanguageLength = 30;

    /// <summary>Classifies the opening of a line.</summary>
    /// <param name="text">The line so far, without its line break.</param>
    /// <param name="ended">Whether no more of the line follows, or no longer wait is wanted: the answer is then never Unclear.</param>
    public static MarkdownLine Classify(ReadOnlySpan<char> text, bool ended)
    {
        int indent = 0;
        while (indent < text.Length && text[indent] is ' ' or '\t') indent++;
        if (indent == text.Length) return ended ? new(MarkdownLineKind.Paragraph, indent, indent) : default;

        return text[indent] switch
        {
            '#' => Heading(text, indent, ended),
            '>' => Quote(text, indent, ended),
            '`' or '~' => FenceOrText(text, indent, ended),
            '-' or '*' or '+' or '_' => BulletOrRule(text, indent, ended),
            >= '0' and <= '9' => Numbered(text, indent, ended),
            '|' => new(MarkdownLineKind.Table, indent, indent),
            _ => Paragraph(indent),
        };
    }

    private static MarkdownLine Paragraph(int indent) => new(MarkdownLineKind.Paragraph, indent, indent);

    private static MarkdownLine Heading(ReadOnlySpan<char> text, int indent, bool ended)
    {
        int end = SkipRun(text, indent);
        int level = end - indent;
        if (level > 6) return Paragraph(indent);
        if (end == text.Length) return ended ? Paragraph(indent) : default;
        return text[end] == ' ' ? new(MarkdownLineKind.Heading, indent, end + 1, level) : Paragraph(indent);
    }

    private static MarkdownLine Quote(ReadOnlySpan<char> text, int indent, bool ended)
    {
        if (indent + 1 == text.Length) return ended ? new(MarkdownLineKind.Quote, indent, indent + 1) : default;
        return new(MarkdownLineKind.Quote, indent, text[indent + 1] == ' ' ? indent + 2 : indent + 1);
    }

    private static MarkdownLine FenceOrText(ReadOnlySpan<char> text, int indent, bool ended)
    {
        int end = SkipRun(text, indent);
        if (end - indent < 3) return end == text.Length && !ended ? default : Paragraph(indent);
        ReadOnlySpan<char> info = text[end..].Trim();
        if (text[indent] == '`' && info.Contains('`')) return Paragraph(indent);
        if (!ended) return default;

        int space = info.IndexOf(' ');
        ReadOnlySpan<char> language = space < 0 ? info : info[..space];
        if (language.Length > MaxLanguageLength) language = language[..MaxLanguageLength];
        return new(MarkdownLineKind.Fence, indent, text.Length,
            Fence: new MarkdownFence(text[indent], end - indent, indent, language.ToString()));
    }

    private static MarkdownLine BulletOrRule(ReadOnlySpan<char> text, int indent, bool ended)
    {
        char mark = text[indent];
        ReadOnlySpan<char> rest = text[indent..];
        bool bullet = mark != '_' && (rest.Length == 1 || rest[1] == ' ');
        if (rest.ContainsAnyExcept(mark, ' '))
            return bullet ? new(MarkdownLineKind.Bullet, indent, indent + 2) : Paragraph(indent);

        if (!ended) return default;
        if (mark != '+' && rest.Count(mark) >= 3) return new(MarkdownLineKind.Rule, indent, text.Length);
        return bullet ? new(MarkdownLineKind.Bullet, indent, Math.Min(indent + 2, text.Length)) : Paragraph(indent);
    }

    private static MarkdownLine Numbered(ReadOnlySpan<char> text, int indent, bool ended)
    {
        int end = indent;
        while (end < text.Length && char.IsAsciiDigit(text[end]) && end - indent < 9) end++;
        if (end == text.Length) return ended ? Paragraph(indent) : default;
        if (text[end] is not ('.' or ')')) return Paragraph(indent);
        if (end + 1 == text.Length) return ended ? Paragraph(indent) : default;
        return text[end + 1] == ' ' ? new(MarkdownLineKind.Numbered, indent, end + 2) : Paragraph(indent);
    }

    private static int SkipRun(ReadOnlySpan<char> text, int start)
    {
        int end = start;
        while (end < text.Length && text[end] == text[start]) end++;
        return end;
    }
}
