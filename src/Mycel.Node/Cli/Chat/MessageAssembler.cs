using System.Text;

namespace Mycel.Node.Cli.Chat;

/// <summary>Puts lines together into a message: a line ending in <c>\</c> goes on in the next one, and <c>"""</c> opens and closes a block.</summary>
internal sealed class MessageAssembler
{
    private const string BlockMark = "\"\"\"";

    private readonly StringBuilder _text = new();
    private bool _inBlock;
    private bool _continues;

    /// <summary>Whether a message was begun and not ended.</summary>
    public bool IsOpen => _inBlock || _continues;

    /// <summary>Takes a line; the result is the whole message when this line ends it, otherwise null.</summary>
    public string? Add(string line)
    {
        if (_inBlock) return AddToBlock(line);
        if (!_continues && line.TrimStart().StartsWith(BlockMark, StringComparison.Ordinal))
        {
            _inBlock = true;
            string rest = line.TrimStart()[BlockMark.Length..];
            return rest.Length == 0 ? null : AddToBlock(rest);
        }

        _continues = line.EndsWith('\\');
        if (_continues)
        {
            _text.Append(line.AsSpan(0, line.Length - 1)).Append('\n');
            return null;
        }

        _text.Append(line);
        return Take();
    }

    /// <summary>Forgets what was begun.</summary>
    public void Clear()
    {
        _text.Clear();
        _inBlock = false;
        _continues = false;
    }

    private string? AddToBlock(string line)
    {
        if (line.TrimEnd().EndsWith(BlockMark, StringComparison.Ordinal))
        {
            _text.Append(line.TrimEnd().AsSpan()[..^BlockMark.Length]);
            return Take();
        }

        _text.Append(line).Append('\n');
        return null;
    }

    private string Take()
    {
        string message = _text.ToString();
        Clear();
        return message.TrimEnd('\n');
    }
}
