using System.Net;
using System.Net.Sockets;

namespace Mycel.Transport.Tests.Conformance;

/// <summary>
/// What every provider of links must do; run once for each. This part sets up, the others are the tests: handshakes, streams, load,
/// ends.
/// </summary>
public abstract partial class TransportConformance
{
    protected TransportConformance(ITransportProvider provider)
    {
        Provider = provider;
        Assert.SkipUnless(provider.IsSupported, $"{provider.Name} is not supported here: {provider.WhyNot?.Split(". ")[0]}");
    }

    protected ITransportProvider Provider { get; }

    /// <summary>Whether a reason travels with a close.</summary>
    protected virtual bool CarriesReason => true;

    /// <summary>Whether a dial waits for the peer's judgement; else it may show at the first use.</summary>
    protected virtual bool TellsRefusalAtConnect => true;

    /// <summary>Whether a stream that is opened and not used stays unknown to the peer.</summary>
    protected virtual bool OpensLazily => true;

    /// <summary>Whether a connection goes on when the peer's address changes.</summary>
    protected virtual bool FollowsAddresses => true;

    protected static EndpointOptions Defaults => new()
    {
        Local = new IPEndPoint(IPAddress.Loopback, 0),
        Credentials = Certificates.Create(),
        Validator = static _ => null,
        HandshakesPerSecondPerAddress = 10_000,
    };

    protected ValueTask<ITransportEndpoint> BindAsync(EndpointOptions? options = null) => Provider.BindAsync(options ?? Defaults, Timeouts.Token());

    private protected async Task<Pair> ConnectAsync(EndpointOptions? server = null, EndpointOptions? client = null)
        => await Pair.ConnectAsync(await BindAsync(server), await BindAsync(client ?? server));

    /// <summary>Whether an endpoint holds no buffers any more.</summary>
    protected virtual bool HoldsNothing(ITransportEndpoint endpoint) => true;

    /// <summary>Something between a client and a server that passes on what they say.</summary>
    private protected virtual IProxy CreateProxy(IPEndPoint server) => new UdpProxy(server);

    /// <summary>Someone who can be dialled and never answers.</summary>
    private protected virtual Socket BindSilent()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    /// <summary>Dials someone who refuses.</summary>
    private protected async Task<TransportException> DialFailsAsync(ITransportEndpoint client, ITransportEndpoint server)
        => await FailsAsync(async () =>
        {
            ITransportConnection connection = await client.ConnectAsync(server.LocalEndPoint);
            if (!TellsRefusalAtConnect)
                await connection.AskAsync(new byte[1]);
        });

    private protected static async Task<TransportException> FailsAsync(Func<Task> action)
        => await Assert.ThrowsAsync<TransportException>(() => action().WaitAsync(Timeouts.Limit));

    /// <summary>Both ends are done with every stream and hold no data.</summary>
    private protected async Task NothingLeftAsync(Pair pair)
    {
        await Timeouts.Until(
            () => pair.Accepted.ReadStatistics().OpenStreams == 0 && pair.Dialled.ReadStatistics().OpenStreams == 0, "all streams closed");
        await Timeouts.Until(() => HoldsNothing(pair.Server) && HoldsNothing(pair.Client), "all buffers given back");
    }
}
