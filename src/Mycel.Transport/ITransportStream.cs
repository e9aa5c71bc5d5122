namespace Mycel.Transport;

/// <summary>
/// One bidirectional stream of a connection. At most one read and one write at a time, which may overlap; the aborts may come from
/// any thread. Must be disposed of: until then it counts against the number of streams that the peer may have open.
/// </summary>
#pragma warning disable CA1711 // It is a stream, though not one of System.IO: it ends, aborts and fails in its own terms.
public interface ITransportStream : IAsyncDisposable
#pragma warning restore CA1711
{
    /// <summary>The number both ends know it by; -1 until something of a stream opened here was sent.</summary>
    long Id { get; }

    /// <summary>
    /// Completes when the peer has everything that was written, end included. Fails with a <see cref="TransportException"/> when the
    /// peer stops reading, writing is aborted, or the connection ends: what a long computation for this stream watches.
    /// A peer that stops reading while it still writes may be noticed with the next write only.
    /// </summary>
    Task WritesClosed { get; }

    /// <summary>Reads what is there, at least one byte; 0 at the end. A cancelled read loses nothing: the next one goes on.</summary>
    /// <exception cref="TransportException">Aborted by the peer (<see cref="TransportFailure.Application"/>, its code), aborted here, or the connection has ended.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default);

    /// <summary>
    /// Takes the data over, and waits while too much is under way. The buffer is free again when it returns.
    /// A cancelled write may have been taken in part: abort the stream then.
    /// </summary>
    /// <param name="data">The bytes; may be empty.</param>
    /// <param name="end">Whether nothing follows. Costs no packet of its own.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="TransportException">The peer stopped reading, writing was aborted, or the connection has ended.</exception>
    /// <exception cref="InvalidOperationException">The end was written before.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default);

    /// <summary>Asks the peer to stop writing, and drops what came. Nothing where the end was read already.</summary>
    /// <param name="code">What the peer's writes fail with, 0 to 2^62-1.</param>
    void AbortRead(long code);

    /// <summary>Drops what the peer does not have yet. Nothing where it has everything, end included.</summary>
    /// <param name="code">What the peer's reads fail with, 0 to 2^62-1.</param>
    void AbortWrite(long code);
}
