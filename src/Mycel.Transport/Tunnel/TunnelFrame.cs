using System.Buffers.Binary;

namespace Mycel.Transport.Tunnel;

/// <summary>What a frame says.</summary>
internal enum TunnelFrameType : byte
{
    /// <summary>First of each side: version, windows and streams that it grants.</summary>
    Hello = 1,

    /// <summary>Bytes of a stream.</summary>
    Data = 2,

    /// <summary>The last bytes of a stream in this direction, perhaps none.</summary>
    Last = 3,

    /// <summary>Instead of the last bytes: the writer gave up, with a code.</summary>
    Reset = 4,

    /// <summary>Please write no more, with a code. Answered with <see cref="Reset"/> unless the last bytes are under way.</summary>
    Stop = 5,

    /// <summary>All of the other direction has arrived: <see cref="Last"/> or <see cref="Reset"/>.</summary>
    Done = 6,

    /// <summary>How many bytes in all may be sent on a stream.</summary>
    StreamWindow = 7,

    /// <summary>How many bytes in all may be sent on all streams together.</summary>
    ConnectionWindow = 8,

    /// <summary>How many streams in all the reader may open.</summary>
    Streams = 9,

    /// <summary>Sign of life, to be answered.</summary>
    Ping = 10,

    /// <summary>The answer, with what the ping carried.</summary>
    Pong = 11,

    /// <summary>The program ends the connection, with a code and a reason.</summary>
    Close = 12,

    /// <summary>The other side broke the protocol, and this is how.</summary>
    Fail = 13,
}

/// <summary>
/// One frame: type (1 byte), length of the payload (3 bytes), number of the stream (8 bytes; 0 where it is about none), payload; all
/// numbers big endian. See docs/protocol/tunnel.md.
/// </summary>
internal readonly ref struct TunnelFrame
{
    /// <summary>Bytes before the payload.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Largest payload of a frame with data, in bytes.</summary>
    public const int MaxDataBytes = 16 << 10;

    /// <summary>Largest frame, in bytes.</summary>
    public const int MaxBytes = HeaderBytes + MaxDataBytes;

    /// <summary>Payload of a <see cref="TunnelFrameType.Hello"/>, in bytes.</summary>
    public const int HelloBytes = 16;

    /// <summary>Payload of a frame that says one number, in bytes.</summary>
    public const int NumberBytes = 8;

    /// <summary>The largest number, code or window that travels.</summary>
    public const long MaxNumber = (1L << 62) - 1;

    private TunnelFrame(TunnelFrameType type, long stream, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Stream = stream;
        Payload = payload;
    }

    /// <summary>What it says.</summary>
    public TunnelFrameType Type { get; }

    /// <summary>The stream it is about.</summary>
    public long Stream { get; }

    /// <summary>The rest; of a length that fits the type.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The number with which the payload begins, where the type has one.</summary>
    public long Number => BinaryPrimitives.ReadInt64BigEndian(Payload);

    /// <summary>Reads the first frame of what came.</summary>
    /// <param name="bytes">What came and was not yet read.</param>
    /// <param name="frame">The frame, where there is a whole one.</param>
    /// <param name="problem">What is wrong, where it is no frame; known as soon as its header has come.</param>
    /// <returns>Bytes of the frame; 0 where more must come, or where there is a problem.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, out TunnelFrame frame, out string? problem)
    {
        frame = default;
        problem = null;
        if (bytes.Length < HeaderBytes)
            return 0;
        var type = (TunnelFrameType)bytes[0];
        int length = BinaryPrimitives.ReadInt32BigEndian(bytes) & 0xFFFFFF;
        long stream = BinaryPrimitives.ReadInt64BigEndian(bytes[4..]);
        if (!IsLengthOf(type, length))
        {
            problem = type is >= TunnelFrameType.Hello and <= TunnelFrameType.Fail ? $"a frame {type} of {length} bytes" : $"a frame of the unknown type {(byte)type}";
            return 0;
        }

        if (stream is < 0 or > MaxNumber || (!IsOfStream(type) && stream != 0))
        {
            problem = $"a frame {type} for stream {stream}";
            return 0;
        }

        if (bytes.Length < HeaderBytes + length)
            return 0;
        frame = new TunnelFrame(type, stream, bytes.Slice(HeaderBytes, length));
        if (HasNumber(type) && frame.Number is < 0 or > MaxNumber)
        {
            problem = $"a frame {type} with the number {frame.Number}";
            return 0;
        }

        return HeaderBytes + length;
    }

    /// <summary>Writes what comes before the payload.</summary>
    public static void WriteHeader(Span<byte> destination, TunnelFrameType type, long stream, int length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)type << 24) | (uint)length);
        BinaryPrimitives.WriteInt64BigEndian(destination[4..], stream);
    }

    /// <summary>Writes a frame that says one number; returns its length.</summary>
    public static int WriteNumber(Span<byte> destination, TunnelFrameType type, long stream, long number)
    {
        WriteHeader(destination, type, stream, NumberBytes);
        BinaryPrimitives.WriteInt64BigEndian(destination[HeaderBytes..], number);
        return HeaderBytes + NumberBytes;
    }

    private static bool IsOfStream(TunnelFrameType type) => type is >= TunnelFrameType.Data and <= TunnelFrameType.StreamWindow;

    private static bool HasNumber(TunnelFrameType type)
        => type is TunnelFrameType.Reset or TunnelFrameType.Stop or TunnelFrameType.StreamWindow or TunnelFrameType.ConnectionWindow
            or TunnelFrameType.Streams or TunnelFrameType.Close or TunnelFrameType.Fail;

    private static bool IsLengthOf(TunnelFrameType type, int length) => type switch
    {
        TunnelFrameType.Hello => length == HelloBytes,
        TunnelFrameType.Data => length is > 0 and <= MaxDataBytes,
        TunnelFrameType.Last => length <= MaxDataBytes,
        TunnelFrameType.Done => length == 0,
        TunnelFrameType.Close or TunnelFrameType.Fail => length is >= NumberBytes and <= NumberBytes + ITransportConnection.MaxReasonBytes,
        >= TunnelFrameType.Reset and <= TunnelFrameType.Pong => length == NumberBytes,
        _ => false,
    };
}
