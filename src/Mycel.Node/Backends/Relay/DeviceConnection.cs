using System.Buffers;
using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;

namespace Mycel.Node.Backends.Relay;

/// <summary>
/// One HTTP/1.1 connection to a device. Between exchanges a read is always pending, so that a connection the device has
/// closed is known before it is used, at no cost: the same read then receives the next response.
/// </summary>
internal sealed class DeviceConnection : IDisposable
{
    private const int SmallBufferBytes = 16 * 1024;
    private const int LargeBufferBytes = 128 * 1024;

    private readonly Socket _socket;
    private readonly Stream _stream;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(SmallBufferBytes);
    private int _start;
    private int _end;
    private ValueTask<int> _readAhead;
    private bool _isReadingAhead;
    private bool _lastReadWasFull;
    private BodyDecoder _decoder;
    private int _isDisposed;

    private DeviceConnection(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    /// <summary>The head of the latest response.</summary>
    public ResponseHead Head { get; } = new();

    /// <summary>Exchanges carried so far.</summary>
    public int Exchanges { get; private set; }

    /// <summary>When it was put aside, in <see cref="Stopwatch"/> ticks.</summary>
    public long IdleSince { get; set; }

    /// <summary>Whether bytes of the present response were seen. Until then a failure on a reused connection may be tried again.</summary>
    public bool AnyByteReceived { get; private set; }

    /// <summary>Whether the device closed it, or spoke out of turn, while it was idle.</summary>
    public bool IsStale => _isReadingAhead && _readAhead.IsCompleted;

    /// <summary>Whether the whole body of the present response was read.</summary>
    public bool IsBodyComplete => _decoder.IsComplete;

    /// <summary>Whether another exchange may follow.</summary>
    public bool CanReuse => _decoder.IsComplete && Head.KeepAlive && _start == _end && Volatile.Read(ref _isDisposed) == 0;

    /// <exception cref="DeviceFaultException">No connection within the time set.</exception>
    public static async Task<DeviceConnection> OpenAsync(DeviceAddress address, TimeSpan timeout, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        Socket? socket = null;
        try
        {
            // One socket for both families, so that a name with IPv6 and IPv4 addresses is tried on each.
            socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(address.Host, address.Port, limit.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (address.IsTls)
            {
                var tls = new SslStream(stream, leaveInnerStreamOpen: false);
                stream = tls;
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, limit.Token);
            }
            return new DeviceConnection(socket, stream);
        }
        catch (Exception error)
        {
            socket?.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw Unreachable(error, timeout);
        }
    }

    private static DeviceFaultException Unreachable(Exception error, TimeSpan timeout)
    {
        var reason = error switch
        {
            OperationCanceledException => $"it did not answer within {timeout.TotalSeconds:0.#} s",
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "the connection was refused",
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } => "its name cannot be resolved",
            SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => "there is no route to it",
            System.Security.Authentication.AuthenticationException => "its TLS certificate was not accepted",
            _ => error.Message.TrimEnd('.'),
        };
        return new DeviceFaultException(DeviceFaultKind.Unreachable, reason, error);
    }

    /// <summary>Marks the start of an exchange.</summary>
    public void Begin()
    {
        Exchanges++;
        AnyByteReceived = false;
        _start = _end = 0;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes);

    /// <summary>Waits for more bytes; give the result to <see cref="Received"/>. Nothing of the last span may be in use.</summary>
    public ValueTask<int> ReceiveAsync()
    {
        if (_isReadingAhead)
        {
            _isReadingAhead = false;
            return _readAhead;
        }
        MakeRoom();
        return _stream.ReadAsync(_buffer.AsMemory(_end));
    }

    /// <summary>Takes note of received bytes.</summary>
    /// <returns>False when the device closed the connection.</returns>
    public bool Received(int count)
    {
        if (count == 0) return false;
        AnyByteReceived = true;
        _end += count;
        _lastReadWasFull = _end == _buffer.Length;
        return true;
    }

    /// <summary>Reads the head from what was received; 1xx heads are passed over.</summary>
    /// <returns>False when more bytes are needed.</returns>
    public bool TryReadHead()
    {
        while (true)
        {
            var used = Head.TryParse(_buffer.AsSpan(_start, _end - _start));
            if (used == 0) return false;
            _start += used;
            if (Head.Status is >= 100 and < 200)
            {
                if (Head.Status == 101) throw new DeviceFaultException(DeviceFaultKind.Invalid, "it switched protocols unasked");
                continue;
            }
            _decoder = BodyDecoder.For(Head);
            return true;
        }
    }

    /// <summary>Decodes the body bytes at hand. The span is valid until the next receive.</summary>
    public bool TryReadBody(out ReadOnlySpan<byte> body)
    {
        if (_start == _end || _decoder.IsComplete)
        {
            body = default;
            return false;
        }
        var received = _buffer.AsSpan(_start, _end - _start);
        var decoded = _decoder.Decode(received, out var surplus);
        // Bytes beyond the body belong to no request; left in the buffer, they keep the connection from being used again.
        if (surplus > 0) _start = _end - surplus;
        else _start = _end = 0;
        body = received[..decoded];
        return decoded > 0;
    }

    /// <summary>Whether the end of the connection is the proper end of the present body. It is not where this side ended it: a read that
    /// is pending then may look like one at the device's end.</summary>
    public bool EndsWithConnection => _decoder.EndsWithConnection && Volatile.Read(ref _isDisposed) == 0;

    /// <summary>Starts the read that waits while the connection is idle.</summary>
    public void BeginReadAhead()
    {
        _start = _end = 0;
        if (_buffer.Length > LargeBufferBytes / 2) Resize(SmallBufferBytes);
        _lastReadWasFull = false;
#pragma warning disable CA2012 // Kept for the next exchange on purpose; ReceiveAsync hands it out once.
        _readAhead = _stream.ReadAsync(_buffer.AsMemory());
#pragma warning restore CA2012
        _isReadingAhead = true;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
            // A device that fills the buffer is sending in bulk: fewer, larger reads cost less.
            if (_lastReadWasFull && _buffer.Length < LargeBufferBytes) Resize(LargeBufferBytes);
        }
        else if (_end == _buffer.Length)
        {
            if (_start > 0)
            {
                Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
                _end -= _start;
                _start = 0;
            }
            else
            {
                Resize(_buffer.Length * 2);
            }
        }
    }

    private void Resize(int size)
    {
        var next = ArrayPool<byte>.Shared.Rent(size);
        Buffer.BlockCopy(_buffer, 0, next, 0, Math.Min(_end, next.Length));
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = next;
    }

    /// <summary>Closes at once, from any thread; a pending read or write fails. HTTP/1.1 knows no other way to cancel.</summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        _stream.Dispose();
        _socket.Dispose();
    }

    /// <summary>Closes it. To be called by the owner, when no read is pending but the idle one.</summary>
    public void Dispose() => Abort();
}
