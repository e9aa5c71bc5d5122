using Mycel.Identity;
using Mycel.Node.Backends.Local;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Networks;
using Mycel.Node.Routing;

namespace Mycel.Node.Hosting;

/// <summary>Composes what this node offers to peers.</summary>
internal static class OwnModelServices
{
    /// <summary>Adds <see cref="OwnModels"/>, also as <see cref="IOwnModels"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="network">Finds a network of this node by its name or id.</param>
    /// <param name="joined">The networks that this node is in.</param>
    public static IServiceCollection AddOwnModels(
        this IServiceCollection services, Func<IServiceProvider, string, NetworkId?> network, Func<IServiceProvider, IReadOnlyList<NetworkId>> joined)
    {
        services.AddSingleton(provider =>
        {
            var local = provider.GetRequiredService<ILocalModels>();
            var store = provider.GetRequiredService<ModelStore>();
            var own = new OwnModels(
                provider.GetRequiredService<ModelCatalog>(), provider.GetRequiredService<Dispatcher>(), provider.GetRequiredService<IOptionsSource>(),
                name => FactsOf(name, local, store), name => network(provider, name), () => joined(provider), provider.GetRequiredService<TimeProvider>());
            provider.GetRequiredService<NetworkRegistry>().Changed += own.MarkStale;
            return own;
        });
        return services.AddSingleton<IOwnModels>(provider => provider.GetRequiredService<OwnModels>());
    }

    private static OwnModelFacts? FactsOf(string name, ILocalModels local, ModelStore store)
    {
        if (local.List().FirstOrDefault(m => m.Spec.Name == name) is not { } status) return null;
        var facts = store.Describe(status.Spec.Path)?.Facts;
        var context = status.Model?.ContextLength ?? status.Spec.ContextLength ?? facts?.ContextLength ?? 0;
        return new OwnModelFacts(context, facts?.Tags ?? [], facts?.Tier, status.Model?.IsEmbedding ?? facts?.IsEmbedding ?? false);
    }
}
