using System.Net;
using System.Net.Sockets;
using Mycel.Dht;
using Mycel.Identity;

namespace Mycel.Node.Discovery;

/// <summary>Messages as signed datagrams, for peers that no link leads to.</summary>
internal sealed partial class TableSocket : IDisposable
{
    /// <summary>Datagrams a second that are looked at, which costs a signature each where they are well-formed; further ones are dropped.</summary>
    public const int PacketsPerSecond = 2000;

    /// <summary>Of these so many from one address, so that one that floods does not take the others' share.</summary>
    public const int PacketsPerSecondOfOne = 200;

    /// <summary>Shares that addresses fall to by a hash that nobody else knows: however many addresses there are, they take no more memory.</summary>
    private const int Shares = 1024;

    /// <summary>Space for one datagram, a byte more than may come, so that a larger one shows.</summary>
    private const int ReceiveBytes = SignedPacket.MaxBytes + 1;

    private readonly DeviceKey _device;
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Allowance[] _shares = new Allowance[Shares];
    private Allowance _all;
    private long _dropped;

    private TableSocket(DeviceKey device, Socket socket, TimeProvider time)
    {
        _device = device;
        _socket = socket;
        _time = time;
        _all = new Allowance { Left = PacketsPerSecond, At = time.GetTimestamp() };
        Array.Fill(_shares, new Allowance { Left = PacketsPerSecondOfOne, At = _all.At });
    }

    /// <summary>The port it has.</summary>
    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Datagrams dropped: too many of one or of all, damaged, for another node, of another time, or forged.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Binds a socket.</summary>
    /// <param name="device">Signs what is sent.</param>
    /// <param name="address">The address to listen at; the wildcard of IPv6 takes IPv4 too.</param>
    /// <param name="port">The port; 0 takes any free one.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SocketException">It is not to be had.</exception>
    public static TableSocket Bind(DeviceKey device, IPAddress address, int port, TimeProvider time)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Blocking = false;
            socket.Bind(new IPEndPoint(address, port));
            return new TableSocket(device, socket, time);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a message, or drops it.</summary>
    public void Send(DhtContact to, ReadOnlySpan<byte> message)
    {
        var remote = to.Address.ToEndPoint();
        if (_socket.AddressFamily == AddressFamily.InterNetworkV6)
        {
            if (remote.AddressFamily == AddressFamily.InterNetwork)
            {
                if (!_socket.DualMode) return;
                remote = new IPEndPoint(remote.Address.MapToIPv6(), remote.Port);
            }
        }
        else if (remote.AddressFamily != _socket.AddressFamily)
        {
            return;
        }

        try
        {
            _socket.SendTo(SignedPacket.Seal(_device, to.Peer, message, _time.GetUtcNow()), remote);
        }
        catch (Exception lost) when (lost is SocketException or ObjectDisposedException)
        {
            // No way leads there now, or the queue is full: the question stays unanswered.
        }
    }

    /// <summary>Reads datagrams until the socket is closed.</summary>
    /// <param name="received">Is given each message with its sender.</param>
    /// <param name="log">Where it is told that nothing more can be read.</param>
    public async Task ReadAsync(Action<DhtContact, ReadOnlyMemory<byte>> received, ILogger log)
    {
        var buffer = new byte[ReceiveBytes];
        EndPoint any = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var packet = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _stop.Token);
                var from = DhtAddress.From((IPEndPoint)packet.RemoteEndPoint);
                if (TryTake(from) && packet.ReceivedBytes <= SignedPacket.MaxBytes
                    && SignedPacket.TryOpen(buffer.AsSpan(0, packet.ReceivedBytes), _device.PeerId, _time.GetUtcNow(), out var sender, out var message))
                    received(new DhtContact(sender, from), message);
                else Interlocked.Increment(ref _dropped);
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failed) when (failed.SocketErrorCode is SocketError.ConnectionReset or SocketError.MessageSize or SocketError.NetworkReset or SocketError.TimedOut)
            {
                // Told of an earlier datagram, by systems that do that, or of one that is too large.
                Interlocked.Increment(ref _dropped);
            }
            catch (SocketException failed)
            {
                LogEnded(log, failed.Message);
                return;
            }
        }
    }

    private bool TryTake(DhtAddress from)
    {
        var now = _time.GetTimestamp();
        // Its own share first: what is too much of one takes nothing of what is for all.
        return _shares[(uint)HashCode.Combine(from.Limited) % Shares].TryTake(PacketsPerSecondOfOne, now, _time) && _all.TryTake(PacketsPerSecond, now, _time);
    }

    /// <summary>What may still come (a token bucket that holds one second's worth).</summary>
    private struct Allowance
    {
        public double Left { get; set; }

        public long At { get; set; }

        public bool TryTake(int perSecond, long now, TimeProvider time)
        {
            Left = Math.Min(perSecond, Left + (time.GetElapsedTime(At, now).TotalSeconds * perSecond));
            At = now;
            if (Left < 1) return false;
            Left--;
            return true;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The UDP socket of the table of peers failed, so that only links carry its messages now: {Reason}")]
    private static partial void LogEnded(ILogger logger, string reason);
}
