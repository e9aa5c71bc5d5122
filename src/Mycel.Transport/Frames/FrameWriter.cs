using System.Buffers;
using System.Buffers.Binary;

namespace Mycel.Transport.Frames;

/// <summary>
/// Collects frames and sends them together, so that what belongs to one moment costs one packet. Written as an
/// <see cref="IBufferWriter{T}"/> it makes data frames. For one writer at a time.
/// </summary>
public sealed class FrameWriter : IBufferWriter<byte>, IDisposable
{
    private const int FirstBytes = 1024;

    private readonly ITransportStream _stream;
    private byte[] _buffer = [];
    private int _length;

    // Where the data frame that is still growing begins; -1 where none is.
    private int _dataStart = -1;

    /// <param name="stream">The stream; stays the caller's.</param>
    public FrameWriter(ITransportStream stream) => _stream = stream;

    /// <summary>Bytes that were collected and not sent.</summary>
    public int PendingBytes => _length;

    /// <summary>Adds a whole frame.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The payload is larger than frames of its kind may be.</exception>
    public void Write(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(Begin(kind, payload.Length));
    }

    /// <summary>Adds a frame whose payload the caller fills in before it does anything else here.</summary>
    /// <param name="kind">What it holds.</param>
    /// <param name="length">Bytes of the payload.</param>
    /// <exception cref="ArgumentOutOfRangeException">The payload is larger than frames of its kind may be.</exception>
    public Span<byte> Begin(FrameKind kind, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, kind == FrameKind.Data ? FrameReader.MaxDataBytes : FrameReader.MaxMessageBytes);
        EndData();
        Reserve(FrameReader.HeaderBytes + length);
        WriteHeader(_length, kind, length);
        _length += FrameReader.HeaderBytes;
        Span<byte> payload = _buffer.AsSpan(_length, length);
        _length += length;
        return payload;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GrowData(Math.Max(1, sizeHint));
        return _buffer.AsMemory(_length, Room);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        GrowData(Math.Max(1, sizeHint));
        return _buffer.AsSpan(_length, Room);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _length);
        _length += count;
    }

    /// <summary>Sends what was collected; waits while too much is under way.</summary>
    /// <param name="end">Whether nothing follows on the stream.</param>
    /// <param name="cancellation">Ends the waiting; the stream must be aborted then.</param>
    /// <exception cref="TransportException">The peer stopped reading, or the connection has ended.</exception>
    public async ValueTask FlushAsync(bool end = false, CancellationToken cancellation = default)
    {
        EndData();
        if (_length == 0 && !end)
            return;
        int length = _length;
        _length = 0;
        await _stream.WriteAsync(_buffer.AsMemory(0, length), end, cancellation).ConfigureAwait(false);
    }

    /// <summary>Drops what was collected and not sent.</summary>
    public void Clear()
    {
        _length = 0;
        _dataStart = -1;
    }

    /// <summary>Bytes that the growing data frame may still take here.</summary>
    private int Room => Math.Min(_buffer.Length - _length, FrameReader.MaxDataBytes - (_length - _dataStart - FrameReader.HeaderBytes));

    private void GrowData(int room)
    {
        // A frame that cannot grow any more is followed by another.
        if (_dataStart >= 0 && _length - _dataStart - FrameReader.HeaderBytes + room > FrameReader.MaxDataBytes)
            EndData();
        Reserve((_dataStart < 0 ? FrameReader.HeaderBytes : 0) + room);
        if (_dataStart >= 0)
            return;
        _dataStart = _length;
        _length += FrameReader.HeaderBytes;
    }

    private void EndData()
    {
        if (_dataStart < 0)
            return;
        int length = _length - _dataStart - FrameReader.HeaderBytes;
        if (length == 0)
            _length = _dataStart;
        else
            WriteHeader(_dataStart, FrameKind.Data, length);
        _dataStart = -1;
    }

    private void WriteHeader(int at, FrameKind kind, int length) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(at), ((uint)kind << 24) | (uint)length);

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length >= bytes)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, Math.Max(_length + bytes, 2 * _length)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    /// <summary>Gives its memory back; what was not sent is dropped.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
        _dataStart = -1;
    }
}
