namespace Mycel.Node.Backends.Relay;

/// <summary>
/// Takes the framing off a response body (RFC 9112, sections 6 and 7), in place: decoded bytes are moved to the front of
/// the buffer they came in.
/// </summary>
internal struct BodyDecoder
{
    /// <summary>Largest chunk-size line or trailer line accepted, in bytes.</summary>
    private const int MaxLineBytes = 16 * 1024;

    /// <summary>Most trailer bytes accepted.</summary>
    private const int MaxTrailerBytes = 64 * 1024;

    private Step _step;
    private long _left;
    private int _lineBytes;
    private int _trailerBytes;
    private bool _anyDigit;
    private bool _inPadding;
    private bool _inExtension;
    private bool _sawReturn;

    private enum Step : byte
    {
        Length,
        UntilClose,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailer,
        Done,
    }

    /// <summary>Whether the whole body was decoded.</summary>
    public readonly bool IsComplete => _step == Step.Done;

    /// <summary>Whether the end of the connection is the proper end of the body.</summary>
    public readonly bool EndsWithConnection => _step == Step.UntilClose;

    public static BodyDecoder For(ResponseHead head)
    {
        if (head.Status is 204 or 304) return new BodyDecoder { _step = Step.Done };
        if (head.IsChunked) return new BodyDecoder { _step = Step.ChunkSize };
        if (head.ContentLength == 0) return new BodyDecoder { _step = Step.Done };
        if (head.ContentLength > 0) return new BodyDecoder { _step = Step.Length, _left = head.ContentLength };
        return new BodyDecoder { _step = Step.UntilClose };
    }

    /// <summary>Decodes what is in <paramref name="data"/>.</summary>
    /// <param name="data">Received bytes; decoded ones replace them from the start on.</param>
    /// <param name="surplus">Bytes after the end of the body; none of a well-behaved device.</param>
    /// <returns>Decoded bytes.</returns>
    public int Decode(Span<byte> data, out int surplus)
    {
        surplus = 0;
        switch (_step)
        {
            case Step.UntilClose:
                return data.Length;
            case Step.Length:
                var take = (int)Math.Min(_left, data.Length);
                _left -= take;
                if (_left == 0) _step = Step.Done;
                surplus = data.Length - take;
                return take;
            default:
                return DecodeChunked(data, out surplus);
        }
    }

    private int DecodeChunked(Span<byte> data, out int surplus)
    {
        var read = 0;
        var written = 0;
        while (read < data.Length && _step != Step.Done)
        {
            if (_step == Step.ChunkData)
            {
                var take = (int)Math.Min(_left, data.Length - read);
                if (read != written) data.Slice(read, take).CopyTo(data[written..]);
                read += take;
                written += take;
                _left -= take;
                if (_left == 0) _step = Step.ChunkEnd;
            }
            else
            {
                Accept(data[read++]);
            }
        }
        surplus = data.Length - read;
        return written;
    }

    private void Accept(byte value)
    {
        switch (_step)
        {
            case Step.ChunkSize:
                AcceptSize(value);
                break;
            case Step.ChunkEnd:
                if (value == '\n') StartSize();
                else if (value != '\r' || _sawReturn) throw Broken();
                else _sawReturn = true;
                break;
            case Step.Trailer:
                if (++_trailerBytes > MaxTrailerBytes) throw Broken();
                if (value == '\n')
                {
                    if (_lineBytes == 0) _step = Step.Done;
                    _lineBytes = 0;
                }
                else if (value != '\r')
                {
                    _lineBytes++;
                }
                break;
        }
    }

    private void AcceptSize(byte value)
    {
        if (++_lineBytes > MaxLineBytes) throw Broken();
        if (value == '\n')
        {
            if (!_anyDigit) throw Broken();
            _lineBytes = 0;
            _sawReturn = false;
            _step = _left == 0 ? Step.Trailer : Step.ChunkData;
        }
        else if (_sawReturn)
        {
            throw Broken();
        }
        else if (value == '\r')
        {
            _sawReturn = true;
        }
        else if (_inExtension || value == ';')
        {
            _inExtension = true;
        }
        else if (value is (byte)' ' or (byte)'\t')
        {
            _inPadding = true;
        }
        else
        {
            var digit = HexValue(value);
            if (digit < 0 || _inPadding || _left > (long.MaxValue >> 4) - 15) throw Broken();
            _left = (_left << 4) | (uint)digit;
            _anyDigit = true;
        }
    }

    private void StartSize()
    {
        _step = Step.ChunkSize;
        _left = 0;
        _lineBytes = 0;
        _anyDigit = false;
        _inPadding = false;
        _inExtension = false;
        _sawReturn = false;
    }

    private static int HexValue(byte value) => value switch
    {
        >= (byte)'0' and <= (byte)'9' => value - '0',
        >= (byte)'a' and <= (byte)'f' => value - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => value - 'A' + 10,
        _ => -1,
    };

    private static DeviceFaultException Broken() => new(DeviceFaultKind.Invalid, "its reply breaks the chunked coding");
}
