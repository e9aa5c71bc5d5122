using System.Net;
using System.Net.Sockets;
using Mycel.Transport.Tests.Tunnel;

namespace Mycel.Transport.Tests.Conformance;

public sealed class TunnelConformanceTests() : TransportConformance(new TcpTunnelProvider())
{
    /// <summary>A TCP connection ends with its address.</summary>
    protected override bool FollowsAddresses => false;

    protected override bool HoldsNothing(ITransportEndpoint endpoint) => endpoint is TcpTunnelEndpoint { Blocks.Outstanding: 0 };

    private protected override IProxy CreateProxy(IPEndPoint server) => new TcpProxy(server);

    private protected override Socket BindSilent()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
