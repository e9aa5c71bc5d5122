using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Mycel.Transport.Buffers;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// One UDP socket that accepts and dials, with all its connections. Everything native happens under one gate, on the clock
/// of the gate: as a rule on the endpoint's own thread; a program's thread that finds it asleep sends what it has itself, which
/// saves a change of threads. This part is the program's side, the others are the thread (Loop) and strangers' packets (Strangers).
/// </summary>
internal sealed partial class QuicEndpoint : ITransportEndpoint
{
    /// <summary>Length of the connection ids made here, in bytes.</summary>
    public const int CidLength = 16;

    private readonly Lock _gate = new();
    private readonly Lock _eventGate = new();
    private readonly IDatagramSocket _socket;
    private readonly ConcurrentQueue<object> _posted = new();
    private readonly Channel<QuicConnection> _accepted = Channel.CreateUnbounded<QuicConnection>();
    private readonly Dictionary<CidKey, QuicConnection> _byCid = [];
    private readonly HashSet<QuicConnection> _connections = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _resetKey;
    private readonly byte[] _retryKey = RandomNumberGenerator.GetBytes(32);
    private readonly int _event;
    private readonly Thread _thread;
    private int _sleeping;
    private bool _eventClosed;
    private volatile bool _stopping;
    private volatile bool _stopped;

    /// <param name="options">Checked already.</param>
    /// <param name="socket">Bound; becomes the endpoint's.</param>
    /// <exception cref="TransportException">The credentials cannot be loaded.</exception>
    public QuicEndpoint(EndpointOptions options, IDatagramSocket socket)
    {
        Options = options;
        _socket = socket;
        Budget = new SendBudget(options.EndpointSendBytes);
        SilenceTimeout = MonotonicClock.Nanoseconds(options.SilenceTimeout);
        StreamCreditStep = Math.Min(32 << 10, options.StreamWindowBytes / 2);
        StreamBatch = Math.Max(1, options.MaxStreams / 4);
        LocalEndPoint = socket.Local.ToEndPoint();
        Credentials = TlsCredentialsHandle.Create(options.Credentials, options.WithholdCertificate);
        Sending = new SendBatch(socket);
        _guard = new InitialGuard(options);
        _resetKey = options.ResetKey.IsEmpty ? RandomNumberGenerator.GetBytes(32) : options.ResetKey.ToArray();
        _event = Libc.eventfd(0, Libc.EventNonBlockingCloseOnExec);
        if (_event < 0)
            throw new TransportException(TransportFailure.Local, Marshal.GetLastPInvokeError(), "The system gives no event descriptor. Raise the limit of open files (ulimit -n).");
        Now = MonotonicClock.Now;
        _thread = new Thread(Run) { IsBackground = true, Name = $"quic {LocalEndPoint.Port}" };
        _thread.Start();
    }

    public EndpointOptions Options { get; }

    public IPEndPoint LocalEndPoint { get; }

    public PinnedBlockPool Blocks { get; } = new();

    public SendBudget Budget { get; }

    public SendBatch Sending { get; }

    public DeadlineHeap<QuicConnection> Deadlines { get; } = new();

    /// <summary>In nanoseconds.</summary>
    public ulong SilenceTimeout { get; }

    /// <summary>Bytes read of a stream that are worth telling the peer at once.</summary>
    public int StreamCreditStep { get; }

    /// <summary>Streams of a peer that are over before it is told that it may open as many more.</summary>
    public int StreamBatch { get; }

    /// <summary>What new connections show. Under the gate.</summary>
    public TlsCredentialsHandle Credentials { get; private set; }

    /// <summary>Incoming handshakes under way. Under the gate.</summary>
    public int HalfOpen { get; set; }

    /// <summary>Connections that are not over. Under the gate.</summary>
    public int Live { get; set; }

    /// <summary>The clock of the gate: never runs backwards, which the library would not survive.</summary>
    public ulong Now { get; private set; }

    /// <summary>Connections, for tests. Any thread.</summary>
    public int ConnectionCount => UnderGate(() => _connections.Count);

    public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation = default)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(QuicEndpoint), "The endpoint was disposed of.");
        }
    }

    public async ValueTask<ITransportConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_stopping, this);
        var connection = new QuicConnection(this, isServer: false, NetAddress.From(remote, _socket.Local.IsInet6));
        Post(() => Dial(connection));
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static state => ((QuicConnection)state!).Endpoint.Post(() => ((QuicConnection)state).CloseByProgram(0, "")), connection);
        try
        {
            await connection.Ready.ConfigureAwait(false);
        }
        catch (TransportException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw;
        }

        return connection;
    }

    public void UpdateCredentials(TransportCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        TlsCredentialsHandle fresh = TlsCredentialsHandle.Create(credentials, Options.WithholdCertificate);
        lock (_gate)
        {
            (fresh, Credentials) = (Credentials, fresh);
            if (_stopped)
                Credentials.Dispose();
        }

        // Connections that use the old ones hold on to them.
        fresh.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _accepted.Writer.TryComplete();
        Signal();
        await _ended.Task.ConfigureAwait(false);
    }

    /// <summary>Has something done under the gate.</summary>
    public void Post(Action work) => Post(work, wake: true);

    /// <summary>Has a stream's work done, at once or with what comes next.</summary>
    public void Post(object work, bool wake)
    {
        _posted.Enqueue(work);
        if (wake || _stopped)
            Wake();
    }

    /// <summary>Sees to what was posted: on this thread where the endpoint's own sleeps, else there.</summary>
    public void Wake()
    {
        Interlocked.MemoryBarrier();
        if (_stopped)
        {
            lock (_gate)
                DrainPosted();
            return;
        }

        if (Volatile.Read(ref _sleeping) == 0 || _gate.IsHeldByCurrentThread)
            return;
        if (!_gate.TryEnter())
        {
            Signal();
            return;
        }

        bool again;
        try
        {
            // Awake by now, it sees to it, and may be telling readers at this moment.
            if (_sleeping == 0)
                return;
            ulong planned = _plannedWake;
            Advance();
            DrainPosted();
            // Timers are left to the endpoint's thread: it first reads what came, which may make a peer not silent after all.
            Finish(timers: false);
            again = !_posted.IsEmpty || Sending.IsBlocked || Deadlines.Earliest < planned;
        }
        finally
        {
            _gate.Exit();
        }

        if (again || !_posted.IsEmpty)
            Signal();
    }

    public T UnderGate<T>(Func<T> read)
    {
        lock (_gate)
            return read();
    }

    /// <summary>Wakes the endpoint's thread.</summary>
    private unsafe void Signal()
    {
        if (Interlocked.Exchange(ref _sleeping, 0) == 0 && !_stopping)
            return;
        ulong one = 1;
        // Once closed, the number may stand for another file.
        lock (_eventGate)
        {
            if (!_eventClosed)
                _ = Libc.write(_event, &one, sizeof(ulong));
        }
    }

    private unsafe void Dial(QuicConnection connection)
    {
        if (Live >= Options.MaxConnections)
        {
            connection.Abandon(new TransportException(TransportFailure.Local, 0, $"There are {Live} connections already; the limit is {Options.MaxConnections}."));
            return;
        }

        NetAddress local = _socket.Local, remote = connection.Remote;
        NativePath path = PathOf(&local, &remote);
        try
        {
            if (_stopping)
                throw new TransportException(TransportFailure.Local, 0, "The endpoint was disposed of.");
            connection.CreateClient(&path, Now);
        }
        catch (TransportException error)
        {
            connection.Abandon(error);
            return;
        }

        Register(connection);
        MarkDirty(connection);
    }

    private static unsafe NativePath PathOf(NetAddress* local, NetAddress* remote)
    {
        NativePath path = default;
        path.Local.Address = local->Bytes;
        path.Local.Length = local->Length;
        path.Remote.Address = remote->Bytes;
        path.Remote.Length = remote->Length;
        return path;
    }
}
