using System.Buffers;
using Mycel.Node.Settlement;

namespace Mycel.Node.Execution;

/// <summary>
/// Reads a stream of server-sent events as it flows by. Whole lines are passed on as they came; only the rest of a line that is
/// not whole yet is held, so that an error can be put behind what was sent without breaking a line in two, and so that the usage
/// event that this node asked for on its own account can be taken out.
/// </summary>
internal sealed class EventStreamReader(bool takeOutUsage)
{
    /// <summary>Longest part of a line that is held, in bytes; of a longer one the rest is passed on as it comes.</summary>
    public const int MaxHeldBytes = 64 * 1024;

    private byte[]? _held;
    private int _heldLength;
    private bool _isInsideLongLine;
    private bool _takeOutBlankLine;
    private bool _isInsideEvent;
    private bool _isReceiptDue;

    /// <summary>Id of the receipt, told in a comment within the block that ends the stream; null for none.</summary>
    public string? ReceiptId { get; init; }

    /// <summary>Events with output that were passed on.</summary>
    public long Events { get; private set; }

    /// <summary>Whether output was seen. Until then every event is read in full.</summary>
    public bool SawOutput { get; private set; }

    /// <summary>Whether the stream said that it is over: a finish reason, or <c>[DONE]</c>.</summary>
    public bool SawEnd { get; private set; }

    /// <summary>Whether <c>[DONE]</c> was seen.</summary>
    public bool SawDone { get; private set; }

    /// <summary>Whether the backend reported an error in the stream; its message where it came before any output.</summary>
    public bool SawError { get; private set; }

    public string? Error { get; private set; }

    /// <summary>Whether an event before any output was not JSON.</summary>
    public bool SawGarbage { get; private set; }

    public TokenUsage? Usage { get; private set; }

    /// <summary>Reads <paramref name="data"/> and writes what is to be passed on.</summary>
    /// <returns>Events with output that came with it.</returns>
    public int Read(ReadOnlySpan<byte> data, IBufferWriter<byte> target)
    {
        var events = 0;
        if (_heldLength > 0 || _isInsideLongLine)
        {
            var end = data.IndexOf((byte)'\n');
            if (end < 0)
            {
                Hold(data, target);
                return 0;
            }
            events += FinishLine(data[..(end + 1)], target);
            data = data[(end + 1)..];
        }
        var last = data.LastIndexOf((byte)'\n');
        if (last >= 0)
        {
            events += ReadLines(data[..(last + 1)], target);
            data = data[(last + 1)..];
        }
        if (!data.IsEmpty) Hold(data, target);
        return events;
    }

    /// <summary>Reads and passes on what is still held, at the end of the body: a last line without its end.</summary>
    public void End(IBufferWriter<byte> target)
    {
        if (_heldLength == 0) return;
        var events = 0;
        var text = _held.AsSpan(0, _heldLength);
        if (ReadText(text.TrimEnd((byte)'\r'), ref events))
        {
            WriteReceipt(target);
            target.Write(text);
            _isInsideLongLine = true;
        }
        _heldLength = 0;
    }

    /// <summary>What must come before an event of this node's own, so that it stands by itself.</summary>
    public ReadOnlySpan<byte> Separator => _isInsideLongLine ? "\n\n"u8 : "\n"u8;

    private int FinishLine(ReadOnlySpan<byte> rest, IBufferWriter<byte> target)
    {
        if (_isInsideLongLine)
        {
            target.Write(rest);
            _isInsideLongLine = false;
            _isInsideEvent = true;
            return 1;
        }
        var events = 0;
        Hold(rest, target);
        if (_isInsideLongLine)
        {
            _isInsideLongLine = false;
            _isInsideEvent = true;
            return 1;
        }
        var line = _held.AsSpan(0, _heldLength);
        if (ReadLine(line, ref events))
        {
            WriteReceipt(target);
            target.Write(line);
        }
        _heldLength = 0;
        return events;
    }

    private int ReadLines(ReadOnlySpan<byte> lines, IBufferWriter<byte> target)
    {
        var events = 0;
        var from = 0;
        for (var position = 0; position < lines.Length;)
        {
            var length = lines[position..].IndexOf((byte)'\n') + 1;
            var isPassedOn = ReadLine(lines.Slice(position, length), ref events);
            if (!isPassedOn || _isReceiptDue)
            {
                if (position > from) target.Write(lines[from..position]);
                from = isPassedOn ? position : position + length;
                WriteReceipt(target);
            }
            position += length;
        }
        if (from < lines.Length) target.Write(lines[from..]);
        return events;
    }

    private void Hold(ReadOnlySpan<byte> part, IBufferWriter<byte> target)
    {
        if (_isInsideLongLine)
        {
            target.Write(part);
            return;
        }
        if (_heldLength + part.Length > MaxHeldBytes)
        {
            // An event this large is output, and there is no use in holding it.
            target.Write(_held.AsSpan(0, _heldLength));
            target.Write(part);
            _heldLength = 0;
            _isInsideLongLine = true;
            SawOutput = true;
            return;
        }
        if (_held is null || _held.Length < _heldLength + part.Length) Array.Resize(ref _held, Math.Max(512, (_heldLength + part.Length) * 2));
        part.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += part.Length;
    }

    /// <summary>Reads one line, its end included.</summary>
    /// <returns>Whether it is to be passed on.</returns>
    private bool ReadLine(ReadOnlySpan<byte> line, ref int events)
    {
        var text = line[..^1];
        if (!text.IsEmpty && text[^1] == '\r') text = text[..^1];
        if (text.IsEmpty)
        {
            // What an event said beside the line that was taken out, such as its name, must not become part of the next one.
            var takeOut = _takeOutBlankLine && !_isInsideEvent;
            _takeOutBlankLine = _isInsideEvent = false;
            return !takeOut;
        }
        if (!ReadText(text, ref events)) return false;
        _isInsideEvent = true;
        return true;
    }

    private bool ReadText(ReadOnlySpan<byte> text, ref int events)
    {
        if (!text.StartsWith("data:"u8)) return true;
        var data = text[5..];
        if (!data.IsEmpty && data[0] == ' ') data = data[1..];
        if (data.SequenceEqual("[DONE]"u8))
        {
            _isReceiptDue = ReceiptId is not null && !SawDone;
            SawDone = SawEnd = true;
            return true;
        }
        return ReadData(data, ref events);
    }

    private bool ReadData(ReadOnlySpan<byte> data, ref int events)
    {
        if (!SawOutput)
        {
            switch (EventInspector.Judge(data, out var error))
            {
                case EventMeaning.Output:
                    SawOutput = true;
                    break;
                case EventMeaning.Error:
                    SawError = true;
                    Error ??= error;
                    break;
                case EventMeaning.Garbage:
                    SawGarbage = true;
                    break;
            }
            if (!SawOutput) return !TakeUsage(data);
        }
        else if (IsError(data))
        {
            SawError = true;
        }
        if (HasFinishReason(data)) SawEnd = true;
        // Of several answers in one stream one has ended, another goes on.
        else if (SawEnd && !SawDone && EventInspector.Judge(data, out _) == EventMeaning.Output) SawEnd = false;
        if (TakeUsage(data)) return false;
        events++;
        Events++;
        return true;
    }

    private void WriteReceipt(IBufferWriter<byte> target)
    {
        if (!_isReceiptDue) return;
        _isReceiptDue = false;
        target.Write(": mycel-receipt "u8);
        target.Write(System.Text.Encoding.ASCII.GetBytes(ReceiptId!));
        target.Write("\n"u8);
    }

    /// <summary>Takes note of an event's usage.</summary>
    /// <returns>Whether the event is to be taken out.</returns>
    private bool TakeUsage(ReadOnlySpan<byte> data)
    {
        if (data.IndexOf("\"usage\""u8) < 0 || EventInspector.ReadUsage(data, out var isUsageOnly) is not { } usage) return false;
        Usage = usage;
        _takeOutBlankLine = takeOutUsage && isUsageOnly;
        return _takeOutBlankLine;
    }

    private static bool HasFinishReason(ReadOnlySpan<byte> data)
    {
        var at = data.IndexOf("\"finish_reason\""u8);
        if (at < 0) return false;
        var value = data[(at + 15)..].TrimStart(" :"u8);
        return !value.IsEmpty && value[0] == '"';
    }

    private static bool IsError(ReadOnlySpan<byte> data)
    {
        if (data.Length < 8 || data[0] != '{') return false;
        var name = data[1..];
        return name[0] == ' ' ? name.TrimStart((byte)' ').StartsWith("\"error\""u8) : name.StartsWith("\"error\""u8);
    }
}
