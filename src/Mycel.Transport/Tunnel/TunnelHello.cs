using System.Buffers.Binary;

namespace Mycel.Transport.Tunnel;

/// <summary>What each side says first.</summary>
/// <param name="StreamWindow">Bytes that may be sent on each stream before more are granted.</param>
/// <param name="ConnectionWindow">Bytes that may be sent on all streams before more are granted.</param>
/// <param name="MaxStreams">Streams that the reader may open before more are granted.</param>
internal readonly record struct TunnelHello(int StreamWindow, int ConnectionWindow, int MaxStreams)
{
    /// <summary>Version of the frames.</summary>
    public const int Version = 1;

    /// <summary>The largest window that may be granted, in bytes.</summary>
    public const int MaxWindow = 1 << 30;

    /// <summary>The most streams that may be granted.</summary>
    public const int MaxMaxStreams = 65_536;

    /// <summary>Writes the whole frame; returns its length.</summary>
    public int Write(Span<byte> destination)
    {
        TunnelFrame.WriteHeader(destination, TunnelFrameType.Hello, 0, TunnelFrame.HelloBytes);
        BinaryPrimitives.WriteInt32BigEndian(destination[12..], Version);
        BinaryPrimitives.WriteInt32BigEndian(destination[16..], StreamWindow);
        BinaryPrimitives.WriteInt32BigEndian(destination[20..], ConnectionWindow);
        BinaryPrimitives.WriteInt32BigEndian(destination[24..], MaxStreams);
        return TunnelFrame.HeaderBytes + TunnelFrame.HelloBytes;
    }

    /// <summary>Reads the payload; returns what is wrong with it.</summary>
    public static string? Read(ReadOnlySpan<byte> payload, out TunnelHello hello)
    {
        int version = BinaryPrimitives.ReadInt32BigEndian(payload);
        hello = new TunnelHello(
            BinaryPrimitives.ReadInt32BigEndian(payload[4..]), BinaryPrimitives.ReadInt32BigEndian(payload[8..]), BinaryPrimitives.ReadInt32BigEndian(payload[12..]));
        if (version != Version)
            return $"version {version} of the tunnel; this node speaks version {Version}";
        return hello.StreamWindow is < 1 or > MaxWindow || hello.ConnectionWindow is < 1 or > MaxWindow || hello.MaxStreams is < 1 or > MaxMaxStreams
            ? $"a frame Hello out of range: {hello}"
            : null;
    }
}
