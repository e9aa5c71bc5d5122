using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mycel.EndToEnd.Harness;

/// <summary>Reads HTTP/1.1 framing from a socket byte for byte, for both sides of the node.</summary>
internal sealed class ByteReader(Socket socket)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>Bytes received since the beginning.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes received but not yet taken.</summary>
    public int Buffered => _end - _start;

    /// <summary>The next bytes, up to <paramref name="most"/>; empty when the other side has finished.</summary>
    public async Task<byte[]> ReadSomeAsync(int most, CancellationToken cancel)
    {
        if (Buffered == 0 && !await FillAsync(cancel)) return [];
        var taken = _buffer.AsSpan(_start, Math.Min(most, Buffered)).ToArray();
        _start += taken.Length;
        return taken;
    }

    /// <summary>Exactly <paramref name="count"/> bytes, or null when the other side finished earlier.</summary>
    public async Task<byte[]?> ReadExactlyAsync(int count, CancellationToken cancel)
    {
        var result = new byte[count];
        for (var at = 0; at < count;)
        {
            var piece = await ReadSomeAsync(count - at, cancel);
            if (piece.Length == 0) return null;
            piece.CopyTo(result, at);
            at += piece.Length;
        }

        return result;
    }

    /// <summary>A message's head up to and with its empty line, or null when the other side finished before.</summary>
    public async Task<byte[]?> ReadHeadAsync(CancellationToken cancel)
    {
        var searched = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start, Buffered)[searched..].IndexOf("\r\n\r\n"u8);
            if (at >= 0) return await ReadExactlyAsync(searched + at + 4, cancel);
            searched = Math.Max(0, Buffered - 3);
            if (!await FillAsync(cancel)) return null;
        }
    }

    /// <summary>A line without its CRLF, or null when the other side finished before.</summary>
    public async Task<string?> ReadLineAsync(CancellationToken cancel)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, Buffered).IndexOf("\r\n"u8);
            if (at >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, at);
                _start += at + 2;
                return line;
            }

            if (!await FillAsync(cancel)) return null;
        }
    }

    /// <summary>The next chunk of a chunked body: empty at its proper end (trailers are skipped), null when it broke off.</summary>
    public async Task<byte[]?> ReadChunkAsync(CancellationToken cancel)
    {
        var line = await ReadLineAsync(cancel);
        if (line is null) return null;
        var size = int.Parse(line.Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (size == 0)
        {
            while (true)
            {
                var trailer = await ReadLineAsync(cancel);
                if (trailer is null) return null;
                if (trailer.Length == 0) return [];
            }
        }

        var chunk = await ReadExactlyAsync(size, cancel);
        return chunk is not null && await ReadLineAsync(cancel) is "" ? chunk : null;
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        if (_start == _end) _start = _end = 0;
        if (_end == _buffer.Length)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, Buffered).CopyTo(_buffer);
                (_start, _end) = (0, Buffered);
            }
            else
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }
        }

        var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancel);
        _end += count;
        Received += count;
        return count > 0;
    }
}
