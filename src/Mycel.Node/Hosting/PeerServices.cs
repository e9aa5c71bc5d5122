using System.Net;
using Mycel.Node.Admission;
using Mycel.Node.Api.Admin;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Configuration;
using Mycel.Node.Discovery;
using Mycel.Node.Discovery.Lan;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Peers;
using Mycel.Node.Settlement;

namespace Mycel.Node.Hosting;

/// <summary>Composes what ties this node to others.</summary>
internal static class PeerServices
{
    private const int MaxTunnelAddresses = 2;

    /// <summary>Adds links, networks, and the asking and serving of peers.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The settings at the start.</param>
    public static IServiceCollection AddPeers(this IServiceCollection services, MycelOptions options)
    {
        services.AddSingleton<LinkManager>();
        services.AddSingleton<ILinks>(provider => provider.GetRequiredService<LinkManager>());
        services.AddSingleton<ILinkStarter>(provider => provider.GetRequiredService<LinkManager>());
        services.AddNetworks();
        services.AddOwnModels(
            static (provider, name) => provider.GetRequiredService<NetworkRegistry>().Find(name)?.Charter.Id,
            static provider => [.. provider.GetRequiredService<NetworkRegistry>().Joined.Select(n => n.Charter.Id)]);
        services.AddDiscovery(options.Dht.Enabled);
        services.AddCredit();
        services.AddSingleton<LanMetrics>();
        services.AddSingleton(provider => new LanReach(() => LanPortsOf(provider)));
        services.AddSingleton<LanDiscovery>();
        services.AddSingleton<PeerBackends>();
        services.AddSingleton(new ControlAddress(ControlSocket.PathFor(options.DataDir)));
        services.AddSingleton<FleetCaller>();
        services.AddSingleton<NetworkViews>();
        services.AddSingleton<IStreamHandler, PingHandler>();
        services.AddSingleton<IStreamHandler, InferenceServer>();
        services.AddSingleton<IStreamHandler, AdminServer>();
        services.AddSingleton<IRelayRules, RelayRules>();
        services.AddSingleton<RelayHandler>();
        services.AddSingleton<IStreamHandler>(provider => provider.GetRequiredService<RelayHandler>());
        services.AddSingleton<RelayDialer>();
        services.AddSingleton<TunnelDoor>();
        return services;
    }

    /// <summary>Sets the links to work; where the node belongs to a network it is reachable afterwards.</summary>
    public static async Task StartPeersAsync(this IServiceProvider services)
    {
        await services.StartCreditAsync();
        var links = services.GetRequiredService<LinkManager>();
        var relays = services.GetRequiredService<RelayDialer>();
        links.Serve(services.GetServices<IStreamHandler>());
        links.DialWith(new TunnelDialer(links.Credentials));
        links.DialWith(relays);
        links.DetourBy(relays);
        links.TunnelAddresses = () => TunnelAddressesOf(services.GetRequiredService<IOptionsSource>().Current, services.GetRequiredService<NodeState>());
        await services.GetRequiredService<NetworkRoom>().StartAsync();
        services.GetRequiredService<LostPeers>();
        await services.GetRequiredService<PeerTable>().StartAsync();
        services.GetRequiredService<LanDiscovery>().Start();
        services.GetRequiredService<Settler>().Start();
    }

    /// <summary>The ports at which others on the local network reach this node: those of the sockets that are not for this machine alone.</summary>
    private static LanPorts LanPortsOf(IServiceProvider services)
    {
        var state = services.GetRequiredService<NodeState>();
        var isApiReached = state.Endpoint is { Length: > 0 } && !Authenticator.IsLoopback(services.GetRequiredService<IOptionsSource>().Current.Api.Host);
        return new LanPorts(services.GetRequiredService<LinkManager>().Door?.LocalEndPoint?.Port ?? 0, isApiReached ? new Uri(state.Endpoint!).Port : 0);
    }

    /// <summary>Where others can begin tunnels: the interface's own addresses, unless only this machine is served and links are for others too.</summary>
    private static IReadOnlyList<string> TunnelAddressesOf(MycelOptions options, NodeState state)
    {
        if (state.Endpoint is not { Length: > 0 } endpoint || (Authenticator.IsLoopback(options.Api.Host) && !Authenticator.IsLoopback(options.Links.Host))) return [];
        var host = options.Api.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(options.Api.Host);
        return [.. LinkAddress.OfSocket(new IPEndPoint(host, new Uri(endpoint).Port)).Take(MaxTunnelAddresses).Select(a => $"http://{a}")];
    }

    /// <summary>Ends all links.</summary>
    public static async Task StopPeersAsync(this IServiceProvider services)
    {
        await services.GetRequiredService<Settler>().StopAsync();
        services.GetRequiredService<ModelFinder>().Dispose();
        services.GetRequiredService<LostPeers>().Dispose();
        await services.GetRequiredService<PeerTable>().DisposeAsync();
        await services.GetRequiredService<LanDiscovery>().DisposeAsync();
        await services.GetRequiredService<NetworkRoom>().DisposeAsync();
        await services.GetRequiredService<LinkManager>().DisposeAsync();
        await services.GetRequiredService<CreditRoom>().DisposeAsync();
    }
}
