using System.Text;

namespace Mycel.Llama.Engine;

/// <summary>Watches the output for the first text that lets a grammar begin.</summary>
internal sealed class GrammarTrigger : IDisposable
{
    private readonly byte[][] _texts;
    private readonly int _longest;
    private byte[] _tail = new byte[256];
    private int _length;
    private bool _hasBegun;

    /// <param name="texts">The texts; none empty.</param>
    /// <param name="grammar">The grammar that waits; owned by this until it binds.</param>
    public GrammarTrigger(IReadOnlyList<string> texts, GrammarConstraint grammar)
    {
        _texts = [.. texts.Select(Encoding.UTF8.GetBytes)];
        _longest = _texts.Max(t => t.Length);
        Grammar = grammar;
    }

    public GrammarConstraint Grammar { get; }

    /// <summary>Takes a token's bytes.</summary>
    /// <returns>The output from the trigger on, in whole characters; null while there is none.</returns>
    public byte[]? Push(ReadOnlySpan<byte> piece)
    {
        if (_length + piece.Length > _tail.Length) MakeRoom(piece.Length);
        piece.CopyTo(_tail.AsSpan(_length));
        _length += piece.Length;
        var output = _tail.AsSpan(0, _length);
        if (!_hasBegun)
        {
            var first = FirstTrigger(output);
            if (first < 0) return null;
            _hasBegun = true;
            output[first..].CopyTo(_tail);
            _length -= first;
            output = _tail.AsSpan(0, _length);
        }
        // A character that lies across two tokens would reach the grammar as another one.
        return EndsWithinCharacter(output) ? null : output.ToArray();
    }

    private void MakeRoom(int bytes)
    {
        if (!_hasBegun)
        {
            // Only what may be the beginning of a trigger must be remembered.
            var keep = Math.Min(_length, _longest - 1);
            _tail.AsSpan(_length - keep, keep).CopyTo(_tail);
            _length = keep;
        }
        if (_length + bytes > _tail.Length) Array.Resize(ref _tail, 2 * (_length + bytes));
    }

    private int FirstTrigger(ReadOnlySpan<byte> output)
    {
        var first = -1;
        foreach (var text in _texts)
        {
            var at = output.IndexOf(text);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        return first;
    }

    private static bool EndsWithinCharacter(ReadOnlySpan<byte> text)
    {
        for (var back = 1; back <= Math.Min(3, text.Length); back++)
        {
            var last = text[^back];
            if ((last & 0xC0) == 0x80) continue;
            return last >= 0xC0 && back < (last >= 0xF0 ? 4 : last >= 0xE0 ? 3 : 2);
        }
        return false;
    }

    public void Dispose() => Grammar.Dispose();
}
