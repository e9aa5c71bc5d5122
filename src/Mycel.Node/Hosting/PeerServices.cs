using Mycel.Node.Api.Admin;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Peers;

namespace Mycel.Node.Hosting;

/// <summary>Composes what ties this node to others.</summary>
internal static class PeerServices
{
    /// <summary>Adds links, networks, and the asking and serving of peers.</summary>
    /// <param name="services">The services.</param>
    /// <param name="dataDir">The data folder.</param>
    public static IServiceCollection AddPeers(this IServiceCollection services, string dataDir)
    {
        services.AddSingleton<LinkManager>();
        services.AddSingleton<ILinks>(provider => provider.GetRequiredService<LinkManager>());
        services.AddSingleton<ILinkStarter>(provider => provider.GetRequiredService<LinkManager>());
        services.AddNetworks();
        services.AddOwnModels(
            static (provider, name) => provider.GetRequiredService<NetworkRegistry>().Find(name)?.Charter.Id,
            static provider => [.. provider.GetRequiredService<NetworkRegistry>().Joined.Select(n => n.Charter.Id)]);
        services.AddSingleton<PeerBackends>();
        services.AddSingleton(new ControlAddress(ControlSocket.PathFor(dataDir)));
        services.AddSingleton<FleetCaller>();
        services.AddSingleton<NetworkViews>();
        services.AddSingleton<IStreamHandler, PingHandler>();
        services.AddSingleton<IStreamHandler, InferenceServer>();
        services.AddSingleton<IStreamHandler, AdminServer>();
        return services;
    }

    /// <summary>Sets the links to work; where the node belongs to a network it is reachable afterwards.</summary>
    public static async Task StartPeersAsync(this IServiceProvider services)
    {
        services.GetRequiredService<LinkManager>().Serve(services.GetServices<IStreamHandler>());
        await services.GetRequiredService<NetworkRoom>().StartAsync();
    }

    /// <summary>Ends all links.</summary>
    public static async Task StopPeersAsync(this IServiceProvider services)
    {
        await services.GetRequiredService<NetworkRoom>().DisposeAsync();
        await services.GetRequiredService<LinkManager>().DisposeAsync();
    }
}
