using System.Threading.Tasks.Sources;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// One stream. The program's side touches only the buffers, each under its own lock, and posts what is to be done; everything the
/// protocol is asked or says happens under the endpoint's gate. The protocol knows a stream by its number, never by an address of ours.
/// </summary>
internal sealed partial class QuicStream : ITransportStream, IValueTaskSource<int>, IValueTaskSource
{
    /// <summary>What peers see when a stream is disposed of before its time.</summary>
    public const long DisposedCode = 0;

    /// <summary>The largest code that QUIC carries.</summary>
    public const long MaxCode = (1L << 62) - 1;

    private readonly QuicConnection _connection;
    private int _posted;
    private int _disposed;
    private long _id;

    /// <param name="connection">Whose it is.</param>
    /// <param name="id">Its number, or -1 for one opened here that the protocol does not know yet.</param>
    public QuicStream(QuicConnection connection, long id)
    {
        _connection = connection;
        _id = id;
        IsLocal = id < 0;
        _received = new BlockQueue(connection.Endpoint.Blocks);
        _sending = new SendBuffer(connection.Endpoint.Blocks);
    }

    public long Id => Volatile.Read(ref _id);

    public QuicConnection Connection => _connection;

    /// <summary>Whether it was opened at this end.</summary>
    public bool IsLocal { get; }

    // The rest of these is used under the endpoint's gate only.

    /// <summary>The protocol is done with it.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The program is done with it.</summary>
    public bool IsReleased { get; set; }

    /// <summary>It is among those that have something to send.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The peer lets it send no more at present.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>It is among those whose reader may go on.</summary>
    public bool IsMarkedForDelivery { get; set; }

    /// <summary>It is among those whose writer waits for room.</summary>
    public bool IsWaitingForRoom { get; set; }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            int work = StreamWork.Release;
            if (EndReading(DisposedCode, dispose: true))
                work |= StreamWork.Stop;
            if (EndWriting(DisposedCode))
                work |= StreamWork.Reset;
            Post(work, wake: _connection.NoteRelease() || (work & (StreamWork.Stop | StreamWork.Reset)) != 0);
        }

        return default;
    }

    /// <summary>The number that the protocol gave it.</summary>
    public void SetId(long id) => Volatile.Write(ref _id, id);

    /// <summary>Takes what was posted since the last time.</summary>
    public int TakePosted() => Interlocked.Exchange(ref _posted, 0);

    /// <summary>The protocol is done with the stream: all was delivered, or one side gave up with a code.</summary>
    public void OnClosed(long? code)
    {
        IsClosed = true;
        TransportException ended = code is { } given
            ? new TransportException(TransportFailure.Application, given, $"The peer aborted the stream with code {given}.")
            : new TransportException(TransportFailure.Transport, 0, "The stream was closed.");
        OnReadFailed(ended);
        OnWritesEnded(ended);
    }

    /// <summary>The connection ended; what is held for sending stays until the protocol has let go of it.</summary>
    public void OnConnectionLost(TransportException error)
    {
        OnReadFailed(error);
        OnWriteFailed(error);
    }

    private static void RequireCode(long code)
    {
        if (code is < 0 or > MaxCode)
            throw new ArgumentOutOfRangeException(nameof(code), code, "Give 0 to 2^62-1.");
    }

    private void Post(int work, bool wake)
    {
        if (Interlocked.Or(ref _posted, work) == 0)
            _connection.Endpoint.Post(this, wake);
        else if (wake)
            _connection.Endpoint.Wake();
    }
}

/// <summary>What a stream asks of its endpoint; several at once.</summary>
internal static class StreamWork
{
    /// <summary>There is something to send.</summary>
    public const int Write = 1;

    /// <summary>Bytes were read.</summary>
    public const int Credit = 2;

    /// <summary>Stop sending, with a code.</summary>
    public const int Reset = 4;

    /// <summary>Ask the peer to stop sending, with a code.</summary>
    public const int Stop = 8;

    /// <summary>The program is done with the stream.</summary>
    public const int Release = 16;

    /// <summary>A writer waits for room.</summary>
    public const int AwaitRoom = 32;
}
