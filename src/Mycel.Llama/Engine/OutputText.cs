using System.Buffers;
using System.Text;

namespace Mycel.Llama.Engine;

/// <summary>
/// Turns the bytes of tokens into text that may be shown: whole characters only, and nothing that may still become a stop
/// string. Bytes that are no UTF-8 become U+FFFD.
/// </summary>
internal sealed class OutputText
{
    private readonly byte[][] _stops;
    private readonly byte[] _partial = new byte[4];
    private byte[] _held = [];
    private int _heldLength;
    private int _partialLength;

    /// <param name="stops">Texts that end the output; none empty.</param>
    public OutputText(IReadOnlyList<string> stops) => _stops = [.. stops.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The stop string that was met; null while none was.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Bytes that are held back.</summary>
    public int Held => _heldLength + _partialLength;

    /// <summary>Takes a token's bytes and writes what may be shown by now.</summary>
    /// <returns>False when a stop string was met: the text before it was written, and there is no more.</returns>
    public bool Push(ReadOnlySpan<byte> piece, IBufferWriter<byte> output)
    {
        AddWhole(piece);
        return Release(output);
    }

    /// <summary>The output is over: writes what is still held.</summary>
    public void End(IBufferWriter<byte> output)
    {
        if (_partialLength > 0)
        {
            Append("\uFFFD"u8);
            _partialLength = 0;
        }
        if (!Release(output)) return;
        output.Write(_held.AsSpan(0, _heldLength));
        _heldLength = 0;
    }

    /// <summary>Keeps the bytes of a character that is not whole aside, and replaces those that cannot become one.</summary>
    private void AddWhole(ReadOnlySpan<byte> piece)
    {
        while (_partialLength > 0 && piece.Length > 0)
        {
            _partial[_partialLength++] = piece[0];
            piece = piece[1..];
            switch (Rune.DecodeFromUtf8(_partial.AsSpan(0, _partialLength), out _, out var used))
            {
                case OperationStatus.Done:
                    Append(_partial.AsSpan(0, _partialLength));
                    _partialLength = 0;
                    break;
                case OperationStatus.NeedMoreData:
                    break;
                default:
                    // What came before cannot become a character; the latest byte may begin one.
                    Append("\uFFFD"u8);
                    var rest = _partial.AsSpan(used, _partialLength - used).ToArray();
                    _partialLength = 0;
                    AddWhole(rest);
                    break;
            }
        }
        while (piece.Length > 0)
        {
            var ascii = piece.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
            if (ascii < 0) ascii = piece.Length;
            Append(piece[..ascii]);
            piece = piece[ascii..];
            if (piece.IsEmpty) return;
            switch (Rune.DecodeFromUtf8(piece, out _, out var used))
            {
                case OperationStatus.Done:
                    Append(piece[..used]);
                    piece = piece[used..];
                    break;
                case OperationStatus.NeedMoreData:
                    piece.CopyTo(_partial);
                    _partialLength = piece.Length;
                    return;
                default:
                    Append("\uFFFD"u8);
                    piece = piece[used..];
                    break;
            }
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_heldLength + bytes.Length > _held.Length) Array.Resize(ref _held, Math.Max(64, 2 * (_heldLength + bytes.Length)));
        bytes.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += bytes.Length;
    }

    private bool Release(IBufferWriter<byte> output)
    {
        var held = _held.AsSpan(0, _heldLength);
        var first = -1;
        string? met = null;
        foreach (var stop in _stops)
        {
            var at = held.IndexOf(stop);
            if (at < 0 || (first >= 0 && at >= first)) continue;
            first = at;
            met = Encoding.UTF8.GetString(stop);
        }
        if (met is not null)
        {
            output.Write(held[..first]);
            _heldLength = 0;
            _partialLength = 0;
            Stopped = met;
            return false;
        }
        var keep = 0;
        foreach (var stop in _stops) keep = Math.Max(keep, PrefixAtEnd(held, stop));
        output.Write(held[..^keep]);
        held[^keep..].CopyTo(_held);
        _heldLength = keep;
        return true;
    }

    /// <summary>Length of the longest end of <paramref name="text"/> that <paramref name="stop"/> begins with.</summary>
    private static int PrefixAtEnd(ReadOnlySpan<byte> text, ReadOnlySpan<byte> stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text[^length..].SequenceEqual(stop[..length])) return length;
        }
        return 0;
    }
}
