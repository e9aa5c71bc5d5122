using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Bench.Links;

/// <summary>What a node has of links and networks, without anything else.</summary>
internal static class Member
{
    /// <summary>Makes a member in a folder, and joins.</summary>
    public static async Task<ServiceProvider> JoinAsync(string folder, string token)
    {
        PrivateFolder.Ensure(folder);
        var services = new ServiceCollection();
        services.AddSingleton(typeof(ILogger<>), typeof(Microsoft.Extensions.Logging.Abstractions.NullLogger<>));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(NodeIdentity.LoadOrCreate(folder, "bench", passphrase: null, TimeProvider.System));
        services.AddSingleton<IOptionsSource>(new Fixed(new MycelOptions { DataDir = folder, Links = new LinkOptions { Host = "127.0.0.1", Port = 0, MaxLinks = 1 } }));
        services.AddSingleton<LinkManager>();
        services.AddSingleton<ILinks>(provider => provider.GetRequiredService<LinkManager>());
        services.AddSingleton<ILinkStarter>(provider => provider.GetRequiredService<LinkManager>());
        services.AddSingleton<IOwnModels, NoModels>();
        services.AddNetworks();
        var provider = services.BuildServiceProvider();
        provider.GetRequiredService<LinkManager>().Serve(provider.GetServices<IStreamHandler>());
        await provider.GetRequiredService<NetworkRoom>().StartAsync();
        await provider.GetRequiredService<Joiner>().JoinAsync(token, CancellationToken.None);
        return provider;
    }

    private sealed class Fixed(MycelOptions options) : IOptionsSource
    {
        public MycelOptions Current => options;

        public event Action<MycelOptions>? Changed
        {
            add { }
            remove { }
        }
    }

    private sealed class NoModels : IOwnModels
    {
        public IReadOnlyList<ModelOffer> Offers => [];

        public event Action? Changed
        {
            add { }
            remove { }
        }
    }
}
