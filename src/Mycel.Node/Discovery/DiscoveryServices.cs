using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Discovery;

/// <summary>Puts this room among the services.</summary>
internal static class DiscoveryServices
{
    /// <summary>Adds all of it; needs the links, the networks and the catalogue among the services.</summary>
    /// <param name="services">The services.</param>
    /// <param name="isEnabled">Whether this node takes part in the table of peers; a node that does not also answers nothing about it.</param>
    public static IServiceCollection AddDiscovery(this IServiceCollection services, bool isEnabled)
    {
        services.AddSingleton(provider => new TableFile(provider.GetRequiredService<IOptionsSource>().Current.DataDir, provider.GetRequiredService<ILogger<TableFile>>()));
        services.AddSingleton<TableParts>();
        services.AddSingleton<PeerTable>();
        services.AddSingleton<ITableDoor>(provider => provider.GetRequiredService<PeerTable>());
        services.AddSingleton<LostPeers>();
        services.AddSingleton<ModelFinder>();
        if (isEnabled)
            services.AddSingleton<IStreamHandler>(provider => new TableHandler(() => provider.GetRequiredService<PeerTable>(), provider.GetRequiredService<IPeerBook>()));
        return services;
    }
}
