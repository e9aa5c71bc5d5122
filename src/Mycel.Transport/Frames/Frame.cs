namespace Mycel.Transport.Frames;

/// <summary>What a frame holds. A frame is its kind (1 byte), the length of its payload (3 bytes, big endian) and the payload.</summary>
public enum FrameKind : byte
{
    /// <summary>First frame of a stream: what it is for.</summary>
    Header = 1,

    /// <summary>Bytes of a body, in the order in which they belong together. May be empty.</summary>
    Data = 2,

    /// <summary>Begins an answer.</summary>
    Head = 3,

    /// <summary>Ends an answer that is whole.</summary>
    Trailer = 4,

    /// <summary>Instead of an answer, or of the rest of one.</summary>
    Refusal = 5,

    /// <summary>A message of the exchange's own.</summary>
    Message = 6,
}

/// <summary>A frame, or as much of a <see cref="FrameKind.Data"/> frame as has come.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Payload">The bytes; valid until the next read.</param>
public readonly record struct Frame(FrameKind Kind, ReadOnlyMemory<byte> Payload);

/// <summary>What came is no frame, or larger than frames may be. The stream is of no further use.</summary>
public sealed class FrameException : IOException
{
    /// <summary>With the reason, for logs.</summary>
    public FrameException(string message)
        : base(message)
    {
    }
}
