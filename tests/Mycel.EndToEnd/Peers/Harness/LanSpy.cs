using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Discovery.Lan.Wire;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>Someone on the same local network, who hears all announcements and says what a test wants. Speaks as docs/protocol/lan.md says.</summary>
internal sealed class LanSpy : IDisposable
{
    private const int Port = 8423;
    private const int DatagramBytes = 1200;
    private const string Domain = "mycel/lan/1";
    private static readonly IPAddress Group = IPAddress.Parse("239.255.84.23");

    private readonly Socket _socket;

    private LanSpy(Socket socket) => _socket = socket;

    /// <summary>Listens on a host of <see cref="NetworkHosts.CreateLan"/>.</summary>
    public static LanSpy Open(NetworkHosts hosts, int number) => NetworkHosts.Inside(hosts.Private(number), () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var own = IPAddress.Parse(NetworkHosts.LanAddress(number));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, own.GetAddressBytes());
        socket.Bind(new IPEndPoint(IPAddress.Any, Port));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(Group, own));
        socket.ReceiveTimeout = 15_000;
        return new LanSpy(socket);
    });

    /// <summary>The next datagram from a host.</summary>
    public byte[] Hear(int number)
    {
        var buffer = new byte[2 * DatagramBytes];
        while (true)
        {
            EndPoint source = new IPEndPoint(IPAddress.Any, 0);
            var length = _socket.ReceiveFrom(buffer, ref source);
            if (((IPEndPoint)source).Address.ToString() == NetworkHosts.LanAddress(number)) return buffer[..length];
        }
    }

    public void Say(byte[] datagram) => _socket.SendTo(datagram, new IPEndPoint(Group, Port));

    /// <summary>The announcement of a device, sealed for its account.</summary>
    public static byte[] Announcement(TestPeer of, int linkPort)
    {
        var body = new LanAnnouncement
        {
            Certificate = ByteString.CopyFrom(of.Certificate.ToBytes()),
            IssuedAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            LinkPort = (uint)linkPort,
            Asks = true,
        };
        var signed = of.Sign(body, Domain);
        using var fleet = FleetKey.Of(of.Account);
        var plain = new byte[DatagramBytes - 4 - FleetKey.OverheadBytes];
        BinaryPrimitives.WriteUInt16BigEndian(plain, (ushort)signed.Length);
        signed.CopyTo(plain, 2);
        return [0x4D, 0x59, 0x4C, 0x01, .. fleet.Seal(plain, Domain)];
    }

    public void Dispose() => _socket.Dispose();
}
