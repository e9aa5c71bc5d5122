using System.Net;
using System.Net.Security;
using System.Text;
using Mycel.Transport.Buffers;

namespace Mycel.Transport.Tunnel;

/// <content>How it begins, how it knows that the peer lives, and how it ends.</content>
public sealed partial class TunnelConnection
{
    /// <summary>How long the end may take to reach the peer before the carrier is given up.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _roundTrip;
    private long _lastReceived;
    private long _lastPing;
    private long _busySince;
    private bool _ticksOften;

    /// <summary>Completes when the carrier was disposed of.</summary>
    internal Task Released => _released.Task;

    internal static async Task<ITransportConnection> BeginAsync(
        Stream carrier, EndpointOptions options, IPEndPoint? remote, bool isDialler, PinnedBlockPool? blocks, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(carrier);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.HandshakeTimeout);
        // Carriers that do not heed the token end their reads and writes when they are disposed of.
        await using CancellationTokenRegistration registration = limit.Token.UnsafeRegister(static state => ((Stream)state!).Dispose(), carrier);
        TunnelConnection? connection = null;
        try
        {
            var handshake = new TunnelHandshake(options, isDialler);
            SslStream secured = await handshake.RunAsync(carrier, limit.Token).ConfigureAwait(false);
            connection = new TunnelConnection(secured, handshake.PeerCertificate, isDialler, options, remote ?? EndPointOf(carrier), TimeProvider.System, blocks);
            await connection.BeginAsync(limit.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception error) when (limit.IsCancellationRequested)
        {
            await AbandonAsync(connection, carrier).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            throw new TransportException(TransportFailure.Timeout, 0, $"The other side did not complete the handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s.", error);
        }
        catch (Exception)
        {
            await AbandonAsync(connection, carrier).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Says hello and waits for the peer's, which it says once it has accepted this side.</summary>
    internal async Task BeginAsync(CancellationToken cancellation)
    {
        bool pump;
        lock (Gate)
        {
            _helloDue = _pingDue = true;
            Schedule();
            pump = TryStartPump();
        }

        if (pump)
            Pump();
        _ = ReceiveAsync();
        await _ready.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task AbandonAsync(TunnelConnection? connection, Stream carrier)
    {
        if (connection is not null)
            await connection.DisposeAsync().ConfigureAwait(false);
        await carrier.DisposeAsync().ConfigureAwait(false);
    }

    private TimeSpan Often => Options.SilenceTimeout / 4 < Options.KeepAlive ? Options.SilenceTimeout / 4 : Options.KeepAlive;

    /// <summary>The first stream: a silent peer is missed sooner from now on. Under the gate.</summary>
    private void NoteBusy()
    {
        _busySince = _time.GetTimestamp();
        if (!_ticksOften)
            Schedule();
    }

    private void OnTimer()
    {
        bool pump;
        lock (Gate)
        {
            if (Failure is not null)
                return;
            long now = _time.GetTimestamp();
            if (FindSilence(now) is { } silence)
            {
                Fail(silence, null, null);
            }
            else
            {
                // Whether or not the peer says something: it may hear us only.
                _pingDue |= _time.GetElapsedTime(_lastPing, now) >= (_streams.Count > 0 ? Often : Options.KeepAlive) * 0.9;
                Schedule();
            }

            pump = TryStartPump();
        }

        if (pump)
            Pump();
    }

    private TransportException? FindSilence(long now)
    {
        TimeSpan silent = _time.GetElapsedTime(_lastReceived, now);
        if (silent >= Options.IdleTimeout)
            return new TransportException(TransportFailure.Timeout, 0, $"Nothing was heard of {Name} for {Options.IdleTimeout.TotalSeconds:0.#} s.");
        return _streams.Count > 0 && silent >= Options.SilenceTimeout && _time.GetElapsedTime(_busySince, now) >= Options.SilenceTimeout
            ? new TransportException(TransportFailure.Timeout, 0, $"No answer came from {Name} for {Options.SilenceTimeout.TotalSeconds:0.#} s with streams open.")
            : null;
    }

    private void Schedule()
    {
        // Back to the slow pace only when nothing was open for a while: requests in a row would change it each time.
        _ticksOften = _streams.Count > 0 || (_busySince != 0 && _time.GetElapsedTime(_busySince) < Options.SilenceTimeout);
        TimeSpan idle = Options.IdleTimeout / 4;
        TimeSpan next = _ticksOften ? Often : Options.KeepAlive < idle ? Options.KeepAlive : idle;
        if (_streams.Count > 0)
        {
            TimeSpan left = Options.SilenceTimeout - _time.GetElapsedTime(Math.Max(_lastReceived, _busySince));
            next = left > TimeSpan.Zero && left < next ? left : next;
        }

        // A little late rather than a little early, which would be once more.
        _timer.Change(next + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private string Name => RemoteEndPoint.Port == 0 ? "the other side" : RemoteEndPoint.ToString();

    private void FailProtocol(string what)
        => Fail(new TransportException(TransportFailure.Transport, 0, $"The protocol was broken by {Name}: {what}."), null, new Goodbye(TunnelFrameType.Fail, 0, what));

    private void OnGoodbye(in TunnelFrame frame)
    {
        long code = frame.Number;
        string reason = Encoding.UTF8.GetString(frame.Payload[TunnelFrame.NumberBytes..]);
        string because = reason.Length > 0 ? ": " + reason : "";
        if (frame.Type == TunnelFrameType.Close)
        {
            Fail(new TransportException(TransportFailure.Application, code, $"The connection was closed by {Name} with code {code}{because}."), new TransportEnd(TransportFailure.Application, code, reason), null);
            return;
        }

        Fail(new TransportException(TransportFailure.Transport, code, $"The connection was closed by {Name}, because this node broke the protocol{because}."), null, null);
    }

    /// <summary>The carrier ended, by itself or because it was disposed of.</summary>
    private void OnCarrierLost(Exception? error)
    {
        lock (Gate)
        {
            if (Failure is not null)
                return;
            string how = error is null ? "ended" : $"broke: {error.Message.TrimEnd('.')}";
            Fail(_hasPeerHello
                ? new TransportException(TransportFailure.Transport, 0, $"What carried the connection with {Name} {how}.", error)
                : new TransportException(TransportFailure.Refused, 0, $"The connection was ended by {Name} after the handshake: this node's certificate is not accepted there, or no more connections are taken.", error), null, null);
        }
    }

    /// <summary>Ends everything the program waits for, and says goodbye where there is something to say. Under the gate.</summary>
    private void Fail(TransportException error, TransportEnd? end, Goodbye? goodbye)
    {
        if (Failure is not null)
            return;
        Failure = error;
        _goodbye = goodbye;
        _timer.Dispose();
        foreach (TaskCompletionSource<TunnelStream> waiter in _openWaiters)
            waiter.TrySetException(error);
        foreach (TunnelStream stream in _streams.Values)
            stream.OnConnectionLost(error);
        foreach (TunnelStream stream in _unannounced)
            stream.OnConnectionLost(error);
        _openWaiters.Clear();
        _streams.Clear();
        _unannounced.Clear();
        _controls.Clear();
        _writers.Clear();
        _blocked.Clear();
        _waitingForRoom.Clear();
        _incoming.Writer.TryComplete();
        _ready.TrySetException(error);
        // Nobody may be waiting for it.
        _ = _ready.Task.Exception;
        _closed.TrySetResult(end ?? new TransportEnd(error.Kind, error.Code, error.Message));
        _ = Task.Run(FinishAsync);
    }

    /// <summary>Lets the goodbye arrive, for a while, and lets go of the carrier.</summary>
    private async Task FinishAsync()
    {
        using var limit = new CancellationTokenSource(Linger, _time);
        try
        {
            if (_goodbye is not null)
            {
                await _sendingOver.Task.WaitAsync(limit.Token).ConfigureAwait(false);
                if (_secured is SslStream tls)
                    await tls.ShutdownAsync().WaitAsync(limit.Token).ConfigureAwait(false);
                // A socket that is closed with unread bytes takes back what it has sent.
                await _receivingOver.Task.WaitAsync(limit.Token).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // The carrier may be anything and fail with anything; it is let go of in any case.
        catch (Exception)
#pragma warning restore CA1031
        {
            // It took too long, or is gone.
        }

        try
        {
            await _secured.DisposeAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031
        catch (Exception)
#pragma warning restore CA1031
        {
            // As above.
        }

        _sendingOver.TrySetResult();
        _released.TrySetResult();
    }

    /// <summary>What is said last.</summary>
    private sealed record Goodbye(TunnelFrameType Type, long Code, string Reason)
    {
        public int Write(Span<byte> destination)
        {
            byte[] reason = CloseReason.Cut(Reason);
            TunnelFrame.WriteHeader(destination, Type, 0, TunnelFrame.NumberBytes + reason.Length);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(destination[TunnelFrame.HeaderBytes..], Code);
            reason.CopyTo(destination[(TunnelFrame.HeaderBytes + TunnelFrame.NumberBytes)..]);
            return TunnelFrame.HeaderBytes + TunnelFrame.NumberBytes + reason.Length;
        }
    }
}
