using Mycel.Transport;

namespace Mycel.Node.Tests.Protocol;

/// <summary>A stream on bytes in memory, handed out in pieces, which keeps what is written and how it was ended.</summary>
internal sealed class BytesStream(ReadOnlyMemory<byte> bytes, int pieceBytes = int.MaxValue) : ITransportStream
{
    private readonly MemoryStream _written = new();
    private ReadOnlyMemory<byte> _bytes = bytes;
    private int _pieceBytes = pieceBytes;

    public byte[] Written => _written.ToArray();

    /// <summary>The code that it was aborted with; null where it was not.</summary>
    public long? AbortCode { get; private set; }

    public long Id => 0;

    public Task WritesClosed => Task.CompletedTask;

    public void Restart(ReadOnlyMemory<byte> bytes, int pieceBytes) => (_bytes, _pieceBytes) = (bytes, pieceBytes);

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        int count = Math.Min(Math.Min(buffer.Length, _pieceBytes), _bytes.Length);
        _bytes[..count].CopyTo(buffer);
        _bytes = _bytes[count..];
        return ValueTask.FromResult(count);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default)
    {
        _written.Write(data.Span);
        return default;
    }

    public void AbortRead(long code) => AbortCode = code;

    public void AbortWrite(long code) => AbortCode = code;

    public ValueTask DisposeAsync() => default;
}
