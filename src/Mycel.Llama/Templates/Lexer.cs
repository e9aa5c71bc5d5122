using System.Globalization;
using System.Text;

namespace Mycel.Llama.Templates;

internal enum TokenKind
{
    Text,
    OutputBegin,
    OutputEnd,
    TagBegin,
    TagEnd,
    Name,
    Literal,
    Operator,
    End,
}

/// <param name="Kind">What it is.</param>
/// <param name="Text">The text, the name or the operator.</param>
/// <param name="Value">The value of a literal.</param>
/// <param name="Line">Line of the template, from 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, object? Value, int Line);

/// <summary>
/// Cuts a template into tokens, whitespace control included: as Jinja does with <c>trim_blocks</c> and <c>lstrip_blocks</c>, which is
/// how chat templates are written to be read.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] Operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _counted;

    private Lexer(string source) => _source = source;

    public static List<Token> Tokenize(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new Lexer(source);
        while (lexer._position < source.Length)
            lexer.ReadNext();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void Add(TokenKind kind, string text, object? value = null)
    {
        for (; _counted < _position; _counted++)
        {
            if (_source[_counted] == '\n')
                _line++;
        }

        _tokens.Add(new Token(kind, text, value, _line));
    }

    private TemplateException Error(string message)
    {
        Add(TokenKind.End, "");
        return new TemplateException(message, _line);
    }

    private char At(int position) => position < _source.Length ? _source[position] : '\0';

    private bool Has(string text, int position) => string.CompareOrdinal(_source, position, text, 0, text.Length) == 0;

    /// <summary>Text up to the next tag, and that tag.</summary>
    private void ReadNext()
    {
        var open = _source.IndexOf('{', _position);
        while (open >= 0 && At(open + 1) is not ('%' or '{' or '#'))
            open = _source.IndexOf('{', open + 1);
        if (open < 0)
        {
            AddText(_source[_position..]);
            _position = _source.Length;
            return;
        }

        var kind = _source[open + 1];
        var sign = At(open + 2) is '-' or '+' ? At(open + 2) : '\0';
        AddText(StripBefore(_position, open, sign, lineStrip: kind != '{'));
        _position = open + (sign == '\0' ? 2 : 3);
        if (kind == '#')
            SkipComment();
        else if (kind == '%' && TryReadRaw())
            return;
        else
            ReadInside(kind == '{');
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text);
    }

    /// <summary>The text before a tag, less the whitespace that the tag takes away.</summary>
    private string StripBefore(int start, int end, char sign, bool lineStrip)
    {
        if (sign == '-')
        {
            while (end > start && Text.IsSpace(_source[end - 1]))
                end--;
        }
        else if (lineStrip && sign != '+')
        {
            var blank = end;
            while (blank > start && _source[blank - 1] != '\n' && Text.IsSpace(_source[blank - 1]))
                blank--;
            if (blank == 0 || _source[blank - 1] == '\n')
                end = blank;
        }

        return _source[start..end];
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Error("a comment is not closed: '#}' is missing");
        SkipEnd(end, end > _position ? _source[end - 1] : '\0', trimsLine: true);
    }

    /// <summary>Goes past the two closing characters at <paramref name="end"/> and the whitespace that they take away.</summary>
    private void SkipEnd(int end, char sign, bool trimsLine)
    {
        _position = end + 2;
        if (sign == '-')
        {
            while (_position < _source.Length && Text.IsSpace(_source[_position]))
                _position++;
        }
        else if (sign != '+' && trimsLine && At(_position) == '\n')
        {
            _position++;
        }
    }

    private int SkipSpace(int position)
    {
        while (position < _source.Length && Text.IsSpace(_source[position]))
            position++;
        return position;
    }

    private bool TryReadRaw()
    {
        var position = SkipSpace(_position);
        if (!Has("raw", position))
            return false;
        position = SkipSpace(position + 3);
        var strips = At(position) == '-';
        if (strips)
            position++;
        if (!Has("%}", position))
            return false;
        SkipEnd(position, strips ? '-' : '\0', trimsLine: false);

        var start = _position;
        for (var open = _source.IndexOf("{%", start, StringComparison.Ordinal); open >= 0; open = _source.IndexOf("{%", open + 2, StringComparison.Ordinal))
        {
            var sign = At(open + 2) is '-' or '+' ? At(open + 2) : '\0';
            var name = SkipSpace(open + (sign == '\0' ? 2 : 3));
            if (!Has("endraw", name))
                continue;
            var close = SkipSpace(name + 6);
            var endSign = At(close) is '-' or '+' ? At(close) : '\0';
            if (!Has("%}", endSign == '\0' ? close : close + 1))
                continue;
            AddText(StripBefore(start, open, sign, lineStrip: true));
            SkipEnd(endSign == '\0' ? close : close + 1, endSign, trimsLine: true);
            return true;
        }

        throw Error("'raw' is not closed: '{% endraw %}' is missing");
    }

    /// <summary>The inside of an output or of a tag, its end included.</summary>
    private void ReadInside(bool isOutput)
    {
        Add(isOutput ? TokenKind.OutputBegin : TokenKind.TagBegin, "");
        var closing = isOutput ? "}}" : "%}";
        var open = new Stack<char>();
        while (true)
        {
            _position = SkipSpace(_position);
            if (_position >= _source.Length)
                throw Error($"a tag is not closed: '{closing}' is missing");
            if (open.Count == 0)
            {
                var sign = At(_position) == '-' || (At(_position) == '+' && !isOutput) ? At(_position) : '\0';
                var end = sign == '\0' ? _position : _position + 1;
                if (Has(closing, end))
                {
                    Add(isOutput ? TokenKind.OutputEnd : TokenKind.TagEnd, "");
                    SkipEnd(end, sign, trimsLine: !isOutput);
                    return;
                }
            }

            ReadToken(open);
        }
    }

    private void ReadToken(Stack<char> open)
    {
        var current = _source[_position];
        if (current is '"' or '\'')
            ReadString(current);
        else if (char.IsAsciiDigit(current))
            ReadNumber();
        else if (current == '_' || char.IsLetter(current))
            ReadName();
        else
            ReadOperator(open);
    }

    private void ReadName()
    {
        var start = _position;
        while (At(_position) == '_' || char.IsLetterOrDigit(At(_position)))
            _position++;
        Add(TokenKind.Name, _source[start.._position]);
    }

    private void ReadOperator(Stack<char> open)
    {
        var found = Operators.FirstOrDefault(candidate => Has(candidate, _position))
            ?? throw Error($"the character '{_source[_position]}' is not expected here");
        _position += found.Length;
        switch (found)
        {
            case "(" or "[" or "{":
                open.Push(found[0] switch { '(' => ')', '[' => ']', _ => '}' });
                break;
            case ")" or "]" or "}" when open.Count == 0 || open.Pop() != found[0]:
                throw Error($"'{found}' closes nothing");
        }

        Add(TokenKind.Operator, found);
    }

    private void ReadNumber()
    {
        var start = _position;
        SkipDigits();
        var isWhole = true;
        // After a dot a number is an index, as in `pairs.0.1`.
        var mayHavePoint = start == 0 || _source[start - 1] != '.';
        if (mayHavePoint && At(_position) == '.' && char.IsAsciiDigit(At(_position + 1)))
        {
            isWhole = false;
            _position++;
            SkipDigits();
        }

        var exponent = _position + (At(_position + 1) is '+' or '-' ? 2 : 1);
        if (mayHavePoint && At(_position) is 'e' or 'E' && char.IsAsciiDigit(At(exponent)))
        {
            isWhole = false;
            _position = exponent;
            SkipDigits();
        }

        var digits = _source[start.._position].Replace("_", "", StringComparison.Ordinal);
        if (char.IsLetterOrDigit(At(_position)) || (isWhole && digits.Length > 1 && digits.TrimStart('0').Length is var length && length > 0 && length < digits.Length))
            throw Error($"'{digits}{At(_position)}' is not a number");
        if (!isWhole)
            Add(TokenKind.Literal, digits, double.Parse(digits, CultureInfo.InvariantCulture));
        else if (long.TryParse(digits, CultureInfo.InvariantCulture, out var whole))
            Add(TokenKind.Literal, digits, whole);
        else
            throw Error("a whole number is too large");
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(At(_position)) || (At(_position) == '_' && char.IsAsciiDigit(At(_position + 1))))
            _position++;
    }

    private void ReadString(char quote)
    {
        var text = new StringBuilder();
        for (var position = _position + 1; position < _source.Length; position++)
        {
            var current = _source[position];
            if (current == quote)
            {
                _position = position + 1;
                Add(TokenKind.Literal, "", text.ToString());
                return;
            }

            if (current != '\\')
                text.Append(current);
            else
                position = ReadEscape(position + 1, text);
        }

        throw Error("a string is not closed");
    }

    /// <summary>Reads what follows a backslash; returns the position of its last character.</summary>
    private int ReadEscape(int position, StringBuilder text)
    {
        const string plain = "\\'\"abfnrtv";
        const string meaning = "\\'\"\a\b\f\n\r\t\v";
        var current = At(position);
        var known = plain.IndexOf(current, StringComparison.Ordinal);
        if (known >= 0)
        {
            text.Append(meaning[known]);
            return position;
        }

        switch (current)
        {
            case '\n':
                return position;
            case 'x' or 'u' or 'U':
                var length = current switch { 'x' => 2, 'u' => 4, _ => 8 };
                AppendCodePoint(_source.AsSpan(position + 1, Math.Min(length, _source.Length - position - 1)), length, text);
                return position + length;
            case >= '0' and <= '7':
                var value = 0;
                var end = position;
                for (; end < position + 3 && At(end) is >= '0' and <= '7'; end++)
                    value = (value * 8) + (At(end) - '0');
                text.Append((char)value);
                return end - 1;
            case 'N':
                throw Error("characters by name, \\N{…}, are not supported in templates");
            default:
                text.Append('\\').Append(current);
                return position;
        }
    }

    private void AppendCodePoint(ReadOnlySpan<char> digits, int length, StringBuilder text)
    {
        if (digits.Length < length || !int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value is < 0 or > 0x10FFFF)
            throw Error("a character's code in a string is wrong");
        if (value < 0x10000)
            text.Append((char)value);
        else
            text.Append(char.ConvertFromUtf32(value));
    }
}
