namespace Mycel.Llama.Chat;

/// <summary>Finds the end of a JSON object or array that comes in pieces.</summary>
internal sealed class JsonScanner
{
    private int _depth;
    private bool _inString;
    private bool _isEscaped;

    public bool IsDone { get; private set; }

    /// <summary>Number of characters that belong to it.</summary>
    public int Scan(ReadOnlySpan<char> text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            var current = text[index];
            if (_isEscaped)
                _isEscaped = false;
            else if (_inString)
                (_isEscaped, _inString) = (current == '\\', current != '"');
            else if (current == '"')
                _inString = true;
            else if (current is '{' or '[')
                _depth++;
            else if (current is '}' or ']' && --_depth <= 0)
            {
                IsDone = true;
                return index + 1;
            }
        }

        return text.Length;
    }
}
