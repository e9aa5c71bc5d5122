using System.Net;
using System.Net.Sockets;
using Mycel.Transport.Tests.Tunnel;

namespace Mycel.Transport.Tests.Conformance;

/// <summary>What every carrier of links must do, by tunnels over something that is a TCP connection in the end.</summary>
public abstract class CarrierConformance : TransportConformance
{
    private protected CarrierConformance(CarrierProvider provider)
        : base(provider)
    {
    }

    /// <summary>A TCP connection ends with its address.</summary>
    protected override bool FollowsAddresses => false;

    protected override bool HoldsNothing(ITransportEndpoint endpoint) => endpoint is CarrierEndpoint { Blocks.Outstanding: 0 };

    private protected override IProxy CreateProxy(IPEndPoint server) => new TcpProxy(server);

    private protected override Socket BindSilent()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
