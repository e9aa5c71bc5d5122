using System.Net;
using System.Net.Quic;
using System.Threading.Channels;

namespace Mycel.Transport.Quic.MsQuic;

/// <summary>A connection of System.Net.Quic. One task accepts its streams, which is also how its end is learnt of.</summary>
internal sealed class MsQuicConnection : ITransportConnection
{
    private readonly QuicConnection _inner;
    private readonly byte[] _peerCertificate;
    private readonly Channel<MsQuicStream> _incoming = Channel.CreateUnbounded<MsQuicStream>();
    private readonly TaskCompletionSource<TransportEnd> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private TransportException? _failure;
    private int _openStreams;

    public MsQuicConnection(QuicConnection inner, byte[] peerCertificate)
    {
        _inner = inner;
        _peerCertificate = peerCertificate;
        _ = AcceptAllAsync();
    }

    public IPEndPoint RemoteEndPoint => _inner.RemoteEndPoint.Address.IsIPv4MappedToIPv6
        ? new IPEndPoint(_inner.RemoteEndPoint.Address.MapToIPv4(), _inner.RemoteEndPoint.Port)
        : _inner.RemoteEndPoint;

    public ReadOnlyMemory<byte> PeerCertificate => _peerCertificate;

    public Task<TransportEnd> Closed => _closed.Task;

    public async ValueTask<ITransportStream> OpenStreamAsync(CancellationToken cancellation = default)
    {
        try
        {
            return Adopt(await _inner.OpenOutboundStreamAsync(QuicStreamType.Bidirectional, cancellation).ConfigureAwait(false));
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            throw Fail(error);
        }
    }

    public async ValueTask<ITransportStream?> AcceptStreamAsync(CancellationToken cancellation = default)
    {
        while (await _incoming.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            if (_incoming.Reader.TryRead(out MsQuicStream? stream))
                return stream;
        }

        return null;
    }

    public async ValueTask CloseAsync(long code, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        ArgumentOutOfRangeException.ThrowIfNegative(code);
        End(
            new TransportException(TransportFailure.Local, code, reason.Length == 0 ? "The connection was closed here." : $"The connection was closed here: {reason}"),
            new TransportEnd(TransportFailure.Local, code, reason));
        try
        {
            await _inner.CloseAsync(code).ConfigureAwait(false);
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            // It was over already.
        }

        await _inner.DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => CloseAsync(QuicCodes.Disposed, "");

    public TransportStatistics ReadStatistics() => new() { OpenStreams = Volatile.Read(ref _openStreams) };

    /// <summary>The failure that a stream's is part of: where the connection is over, that is why.</summary>
    public TransportException Fail(Exception error)
    {
        TransportException translated = QuicCodes.Translate(error, $"{RemoteEndPoint}");
        lock (_gate)
        {
            if (_failure is not null)
                return _failure;
        }

        if (error is not QuicException { QuicError: QuicError.StreamAborted or QuicError.OperationAborted })
            End(translated, new TransportEnd(translated.Kind, translated.Code, translated.Message));
        return translated;
    }

    public void NoteStreamOver() => Interlocked.Decrement(ref _openStreams);

    private MsQuicStream Adopt(QuicStream stream)
    {
        Interlocked.Increment(ref _openStreams);
        return new MsQuicStream(this, stream);
    }

    private async Task AcceptAllAsync()
    {
        try
        {
            while (true)
            {
                MsQuicStream stream = Adopt(await _inner.AcceptInboundStreamAsync().ConfigureAwait(false));
                if (!_incoming.Writer.TryWrite(stream))
                    await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error) when (QuicCodes.IsFailure(error))
        {
            Fail(error);
            await _inner.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void End(TransportException failure, TransportEnd end)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return;
            _failure = failure;
        }

        _incoming.Writer.TryComplete();
        _closed.TrySetResult(end);
    }
}
