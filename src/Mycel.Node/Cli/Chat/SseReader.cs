using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Mycel.Node.Cli.Chat;

/// <summary>Reads server-sent events: the data of each event, comments and other fields left out.</summary>
internal sealed class SseReader
{
    /// <summary>Largest line or event taken, in bytes (8 MB).</summary>
    public const int MaxEventBytes = 8 << 20;

    private const int ReadBytes = 16 << 10;

    private readonly Stream _stream;
    private readonly int _maxEventBytes;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly StringBuilder _data = new();
    private bool _hasData;
    private bool _afterCarriageReturn;
    private bool _first = true;

    /// <summary>Reads from <paramref name="stream"/>.</summary>
    public SseReader(Stream stream, int maxEventBytes = MaxEventBytes)
    {
        _stream = stream;
        _maxEventBytes = maxEventBytes;
    }

    /// <summary>The data of each event as it arrives. An event cut off by the end of the stream is given too:
    /// servers that forget the last blank line are many.</summary>
    /// <exception cref="InvalidDataException">An event is larger than the limit.</exception>
    public async IAsyncEnumerable<string> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        byte[] buffer = new byte[ReadBytes];
        List<string> events = [];
        int count;
        while ((count = await _stream.ReadAsync(buffer, cancel)) > 0)
        {
            Take(buffer.AsSpan(0, count), events);
            foreach (string data in events) yield return data;
            events.Clear();
        }

        EndLine(events);
        EndEvent(events);
        foreach (string data in events) yield return data;
    }

    private void Take(ReadOnlySpan<byte> bytes, List<string> events)
    {
        while (!bytes.IsEmpty)
        {
            if (_afterCarriageReturn && bytes[0] == '\n') bytes = bytes[1..];
            _afterCarriageReturn = false;
            int end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            Append(end < 0 ? bytes : bytes[..end]);
            if (end < 0) return;
            _afterCarriageReturn = bytes[end] == '\r';
            bytes = bytes[(end + 1)..];
            EndLine(events);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if ((long)_line.WrittenCount + bytes.Length + _data.Length > _maxEventBytes)
            throw new InvalidDataException($"The answer holds an event larger than {_maxEventBytes} bytes.");
        _line.Write(bytes);
    }

    private void EndLine(List<string> events)
    {
        ReadOnlySpan<byte> line = _line.WrittenSpan;
        if (_first && line.StartsWith("\uFEFF"u8)) line = line[3..];
        _first = false;
        if (line.IsEmpty) EndEvent(events);
        else if (line.StartsWith("data:"u8)) AddData(line[5..]);
        _line.ResetWrittenCount();
    }

    private void AddData(ReadOnlySpan<byte> value)
    {
        if (value.StartsWith(" "u8)) value = value[1..];
        if (_hasData) _data.Append('\n');
        _data.Append(Encoding.UTF8.GetString(value));
        _hasData = true;
    }

    private void EndEvent(List<string> events)
    {
        if (!_hasData) return;
        events.Add(_data.ToString());
        _data.Clear();
        _hasData = false;
    }
}
