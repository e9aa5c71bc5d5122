using System.Buffers;
using System.Buffers.Binary;

namespace Mycel.Transport.Frames;

/// <summary>
/// Reads the frames of a stream. Data is handed out as it comes, piece by piece; every other frame whole. Its memory is bounded by the
/// largest frame that is not data, and borrowed only as it is needed. For one reader at a time.
/// </summary>
public sealed class FrameReader : IDisposable
{
    /// <summary>Bytes before a payload.</summary>
    public const int HeaderBytes = 4;

    /// <summary>Largest payload of a frame that is not data, in bytes.</summary>
    public const int MaxMessageBytes = 256 * 1024;

    /// <summary>Largest payload of a data frame, in bytes: what three bytes can say.</summary>
    public const int MaxDataBytes = (1 << 24) - 1;

    private const int ReadBytes = 16 * 1024;

    private readonly ITransportStream _stream;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _dataLeft;

    /// <param name="stream">The stream; stays the caller's.</param>
    public FrameReader(ITransportStream stream) => _stream = stream;

    /// <summary>Reads on.</summary>
    /// <returns>The next frame or piece of data; null at the end of the stream, which is one between two frames only.</returns>
    /// <exception cref="FrameException">What came is no frame, or the stream ended within one.</exception>
    /// <exception cref="TransportException">The stream was aborted, or its connection has ended.</exception>
    public async ValueTask<Frame?> ReadAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            if (TryRead(out Frame frame))
                return frame;
            if (!await FillAsync(cancellation).ConfigureAwait(false))
                return null;
        }
    }

    /// <summary>The next frame or piece of data, where it has come already.</summary>
    /// <exception cref="FrameException">What came is no frame.</exception>
    public bool TryRead(out Frame frame)
    {
        frame = default;
        int held = _end - _start;
        if (_dataLeft > 0)
        {
            if (held == 0)
                return false;
            frame = TakeData(Math.Min(held, _dataLeft));
            return true;
        }

        if (held < HeaderBytes)
            return false;
        var kind = (FrameKind)_buffer[_start];
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start)) & MaxDataBytes;
        if (kind is < FrameKind.Header or > FrameKind.Message)
            throw new FrameException($"a frame of kind {(byte)kind} is not known");
        if (kind == FrameKind.Data)
        {
            _start += HeaderBytes;
            _dataLeft = length;
            frame = TakeData(Math.Min(held - HeaderBytes, length));
            return !frame.Payload.IsEmpty || length == 0;
        }

        if (length > MaxMessageBytes)
            throw new FrameException($"a frame of {length:N0} bytes is larger than the {MaxMessageBytes:N0} allowed");
        if (held < HeaderBytes + length)
        {
            // What a frame says of its length costs nothing: memory grows with what has come, twofold at most.
            Reserve(Math.Min(HeaderBytes + length, 2 * Math.Max(held, ReadBytes)));
            return false;
        }

        frame = new Frame(kind, _buffer.AsMemory(_start + HeaderBytes, length));
        _start += HeaderBytes + length;
        return true;
    }

    private Frame TakeData(int count)
    {
        var frame = new Frame(FrameKind.Data, _buffer.AsMemory(_start, count));
        _start += count;
        _dataLeft -= count;
        return frame;
    }

    /// <summary>Waits for more, for whoever reads with <see cref="TryRead"/> alone.</summary>
    /// <returns>False at the end of the stream, which is one between two frames only.</returns>
    /// <exception cref="FrameException">The stream ended within a frame.</exception>
    /// <exception cref="TransportException">The stream was aborted, or its connection has ended.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellation = default)
    {
        if (_start == _end)
            _start = _end = 0;
        if (_buffer.Length == 0)
            _buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        else if (_end == _buffer.Length)
            Reserve(_end - _start + HeaderBytes);
        int count = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
        _end += count;
        if (count > 0)
            return true;
        return _start == _end && _dataLeft == 0 ? false : throw new FrameException("the stream ended within a frame");
    }

    /// <summary>Makes room for so many bytes from the first unread one on.</summary>
    private void Reserve(int bytes)
    {
        int held = _end - _start;
        if (_buffer.Length - _start >= bytes && _end < _buffer.Length)
            return;
        if (_buffer.Length >= bytes && _start > 0)
        {
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
        }
        else
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(bytes, _buffer.Length + 1));
            _buffer.AsSpan(_start, held).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        _start = 0;
        _end = held;
    }

    /// <summary>Gives its memory back; frames that were handed out are valid no more.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }
}
