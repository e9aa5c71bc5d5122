using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Configuration;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>Puts this room among the services.</summary>
internal static class NetworkServices
{
    /// <summary>Folder of the networks' files in the data folder.</summary>
    public const string NetworksFolder = "networks";

    /// <summary>Folder of the invites' files in the data folder.</summary>
    public const string InvitesFolder = "invites";

    /// <summary>Folder of other accounts' revocation lists in the data folder.</summary>
    public const string RevokedFolder = "revoked";

    /// <summary>
    /// Adds all of it. Needs <see cref="NodeIdentity"/>, <see cref="IOptionsSource"/>, <see cref="TimeProvider"/>, <see cref="ILinks"/>,
    /// <see cref="ILinkStarter"/> and <see cref="IOwnModels"/> among the services. None of the stream handlers asks for the links when it is made,
    /// so that the links may ask for the handlers.
    /// </summary>
    public static IServiceCollection AddNetworks(this IServiceCollection services)
    {
        services.AddSingleton(provider => new NetworkBook(Folder(provider, NetworksFolder)));
        services.AddSingleton(provider => new InviteBook(Folder(provider, InvitesFolder), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new RevocationBook(provider.GetRequiredService<NodeIdentity>(), Folder(provider, RevokedFolder), provider.GetRequiredService<ILogger<RevocationBook>>()));
        services.AddSingleton(provider => new PeerFile(provider.GetRequiredService<IOptionsSource>().Current.DataDir, provider.GetRequiredService<ILogger<PeerFile>>()));
        services.AddSingleton(provider => new OwnReach(
            () => provider.GetRequiredService<ILinks>().OwnAddresses, () => provider.GetRequiredService<IOptionsSource>().Current.Links.Relay,
            () => provider.GetRequiredService<ClearingPlaces>().Here, () => provider.GetService<ITableDoor>()?.Port ?? 0));
        services.AddSingleton(provider => new AppointmentBook(
            Folder(provider, NetworksFolder), provider.GetRequiredService<NetworkRegistry>(), provider.GetRequiredService<RevocationBook>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AppointmentBook>>()));
        services.AddSingleton<ClearingPlaces>();
        services.AddSingleton<Appointments>();
        services.AddSingleton<PeerBook>();
        services.AddSingleton<IPeerBook>(provider => provider.GetRequiredService<PeerBook>());
        services.AddSingleton(provider => new NetworkRegistry(
            provider.GetRequiredService<NodeIdentity>(), provider.GetRequiredService<NetworkBook>(), provider.GetRequiredService<PeerBook>(),
            () => provider.GetRequiredService<ILinkStarter>().EnsureStartedAsync(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<OwnRecord>();
        services.AddSingleton<RecordPublisher>();
        services.AddSingleton(new NodeInstance(RandomNumberGenerator.GetBytes(Greetings.InstanceBytes)));
        services.AddSingleton(provider => new Greetings(
            provider.GetRequiredService<NodeIdentity>(), provider.GetRequiredService<NetworkRegistry>(), provider.GetRequiredService<PeerBook>(), provider.GetRequiredService<RevocationBook>(),
            provider.GetRequiredService<OwnRecord>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<NodeInstance>().Bytes, provider.GetRequiredService<ILogger<Greetings>>()));
        services.AddSingleton<Redemption>();
        services.AddSingleton<Invites>();
        services.AddSingleton<Greeter>();
        services.AddSingleton<Joiner>();
        services.AddSingleton<Strangers>();
        services.AddSingleton<NearbyNodes>();
        services.AddSingleton(provider => new MemberKeeper(
            provider.GetRequiredService<NodeIdentity>(), provider.GetRequiredService<PeerBook>(), provider.GetRequiredService<RevocationBook>(), provider.GetRequiredService<NearbyNodes>(),
            provider.GetRequiredService<ClearingPlaces>().IsPlace, provider.GetRequiredService<ILinks>(), provider.GetRequiredService<IOptionsSource>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<NetworkParts>();
        services.AddSingleton<NetworkRoom>();
        services.AddHandlers();
        return services;
    }

    private static void AddHandlers(this IServiceCollection services)
    {
        services.AddSingleton<IStreamHandler>(provider => new GreetingHandler(
            provider.GetRequiredService<Greetings>(), provider.GetRequiredService<RecordPublisher>(), address => provider.GetRequiredService<ILinks>().Observe(address),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<GreetingHandler>>()));
        services.AddSingleton<IStreamHandler, RedeemHandler>();
        services.AddSingleton<IStreamHandler>(provider => new RecordsHandler(
            provider.GetRequiredService<PeerBook>(), provider.GetRequiredService<Greetings>(), provider.GetRequiredService<AppointmentBook>(), link => provider.GetRequiredService<Greeter>().GreetAnew(link),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RecordsHandler>>()));
    }

    private static string Folder(IServiceProvider provider, string name) => Path.Combine(provider.GetRequiredService<IOptionsSource>().Current.DataDir, name);
}

/// <summary>This run of the node.</summary>
/// <param name="Bytes">16 random bytes, others at each start; greetings name it so.</param>
internal sealed record NodeInstance(byte[] Bytes);
