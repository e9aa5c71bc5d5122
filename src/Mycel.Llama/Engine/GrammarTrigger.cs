using System.Text;

namespace Mycel.Llama.Engine;

/// <summary>Watches the output for the first text that lets a grammar begin.</summary>
internal sealed class GrammarTrigger
{
    private readonly byte[][] _texts;
    private readonly int _longest;
    private byte[] _tail = new byte[256];
    private int _length;

    /// <param name="texts">The texts; none empty.</param>
    public GrammarTrigger(IReadOnlyList<string> texts)
    {
        _texts = [.. texts.Select(Encoding.UTF8.GetBytes)];
        _longest = _texts.Max(t => t.Length);
    }

    /// <summary>Takes a token's bytes.</summary>
    /// <returns>The output from the trigger on, or null while there is none.</returns>
    public byte[]? Push(ReadOnlySpan<byte> piece)
    {
        if (_length + piece.Length > _tail.Length)
        {
            // Only what may be the beginning of a trigger must be remembered.
            var keep = Math.Min(_length, _longest - 1);
            _tail.AsSpan(_length - keep, keep).CopyTo(_tail);
            _length = keep;
            if (_length + piece.Length > _tail.Length) Array.Resize(ref _tail, 2 * (_length + piece.Length));
        }
        piece.CopyTo(_tail.AsSpan(_length));
        _length += piece.Length;
        var output = _tail.AsSpan(0, _length);
        var first = -1;
        foreach (var text in _texts)
        {
            var at = output.IndexOf(text);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        return first < 0 ? null : output[first..].ToArray();
    }
}
