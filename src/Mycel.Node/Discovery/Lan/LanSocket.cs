using System.Net;
using System.Net.Sockets;

namespace Mycel.Node.Discovery.Lan;

/// <summary>
/// The socket of one protocol: in the group on each interface, and sharing its port with the other nodes of the machine, each of which gets every
/// datagram. One thread sends, another receives.
/// </summary>
internal sealed class LanSocket : IDisposable
{
    /// <summary>UDP port of all announcements.</summary>
    public const int Port = 8423;

    /// <summary>Group of IPv4, of those for use within a site (RFC 2365).</summary>
    public static readonly IPAddress GroupV4 = new([239, 255, 84, 23]);

    /// <summary>Group of IPv6: on the link, and not assigned for good (RFC 4291).</summary>
    public static readonly IPAddress GroupV6 = IPAddress.Parse("ff12::8423");

    private readonly Socket _socket;
    private readonly IPAddress _group;
    private readonly byte[] _groupBytes;
    private readonly HashSet<int> _joined = [];

    /// <summary>Opens it.</summary>
    /// <exception cref="SocketException">The port is not to be had: another program has it for itself, or there is no such protocol.</exception>
    public LanSocket(AddressFamily family)
    {
        IsIPv6 = family == AddressFamily.InterNetworkV6;
        _group = IsIPv6 ? GroupV6 : GroupV4;
        _groupBytes = _group.GetAddressBytes();
        _socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (IsIPv6) _socket.DualMode = false;
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            // What leaves the local network was never meant for anybody there.
            _socket.SetSocketOption(Level, SocketOptionName.MulticastTimeToLive, 1);
            _socket.SetSocketOption(Level, SocketOptionName.MulticastLoopback, true);
            _socket.Bind(new IPEndPoint(IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, Port));
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public bool IsIPv6 { get; }

    private SocketOptionLevel Level => IsIPv6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;

    /// <summary>Joins the group on these interfaces where it has not; one that came back is joined anew.</summary>
    /// <param name="interfaces">Their indices.</param>
    /// <returns>On how many it is.</returns>
    public int Join(IReadOnlyList<int> interfaces)
    {
        _joined.Clear();
        foreach (var index in interfaces)
        {
            try
            {
                if (IsIPv6) _socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(_group, index));
                else _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(_group, index));
                _joined.Add(index);
            }
            catch (SocketException already) when (already.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                _joined.Add(index);
            }
            catch (SocketException)
            {
                // The interface went away again, or takes no groups.
            }
        }

        return _joined.Count;
    }

    /// <summary>Sends a datagram out on each interface.</summary>
    /// <returns>Whether it went out on any.</returns>
    public bool Send(byte[] datagram)
    {
        var isSent = false;
        foreach (var index in _joined)
        {
            try
            {
                _socket.SetSocketOption(Level, SocketOptionName.MulticastInterface, IsIPv6 ? index : IPAddress.HostToNetworkOrder(index));
                _socket.SendTo(datagram, new IPEndPoint(_group, Port));
                isSent = true;
            }
            catch (SocketException)
            {
                // An interface without an address or a carrier at the moment: the next announcement, or the network's next change, tries again.
            }
        }

        return isSent;
    }

    /// <summary>The next datagram that was sent to the group.</summary>
    /// <param name="buffer">Where it goes; one that does not fit is cut.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="SocketException">It could not be received; the next one may be.</exception>
    public async Task<(int Length, IPEndPoint Source)> ReceiveAsync(byte[] buffer, CancellationToken cancellation)
    {
        var any = new IPEndPoint(IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (true)
        {
            var received = await _socket.ReceiveMessageFromAsync(buffer, SocketFlags.None, any, cancellation);
            // Who sends to this machine alone may sit anywhere.
            if (received.PacketInformation.Address.GetAddressBytes().AsSpan().SequenceEqual(_groupBytes)) return (received.ReceivedBytes, (IPEndPoint)received.RemoteEndPoint);
        }
    }

    public void Dispose() => _socket.Dispose();
}
