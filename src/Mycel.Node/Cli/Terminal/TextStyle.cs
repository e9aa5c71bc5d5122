using System.Text;

namespace Mycel.Node.Cli.Terminal;

/// <summary>How text looks on a terminal. Flags combine.</summary>
[Flags]
internal enum TextStyle
{
    /// <summary>The terminal's own look.</summary>
    Plain = 0,

    /// <summary>Bold.</summary>
    Bold = 1,

    /// <summary>Fainter than the rest.</summary>
    Dim = 2,

    /// <summary>Italic.</summary>
    Italic = 4,

    /// <summary>Underlined.</summary>
    Underline = 8,

    /// <summary>Struck through.</summary>
    Strike = 16,

    /// <summary>Code: cyan.</summary>
    Code = 32,

    /// <summary>Headings: magenta.</summary>
    Heading = 64,

    /// <summary>Errors: red.</summary>
    Error = 128,

    /// <summary>Prompts and good news: green.</summary>
    Accent = 256,

    /// <summary>What should be looked at: yellow.</summary>
    Warning = 512,
}

/// <summary>Escape sequences for styles.</summary>
internal static class TextStyles
{
    /// <summary>The sequence that returns to the terminal's own look.</summary>
    public const string Reset = "\e[0m";

    /// <summary>The sequence that replaces any look by this one.</summary>
    public static string Sequence(TextStyle style)
    {
        if (style == TextStyle.Plain) return Reset;
        StringBuilder text = new("\e[0");
        if (style.HasFlag(TextStyle.Bold)) text.Append(";1");
        if (style.HasFlag(TextStyle.Dim)) text.Append(";2");
        if (style.HasFlag(TextStyle.Italic)) text.Append(";3");
        if (style.HasFlag(TextStyle.Underline)) text.Append(";4");
        if (style.HasFlag(TextStyle.Strike)) text.Append(";9");
        if (style.HasFlag(TextStyle.Error)) text.Append(";31");
        else if (style.HasFlag(TextStyle.Accent)) text.Append(";32");
        else if (style.HasFlag(TextStyle.Warning)) text.Append(";33");
        else if (style.HasFlag(TextStyle.Code)) text.Append(";36");
        else if (style.HasFlag(TextStyle.Heading)) text.Append(";35");
        return text.Append('m').ToString();
    }
}
