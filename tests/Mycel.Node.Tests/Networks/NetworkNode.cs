using Microsoft.Extensions.DependencyInjection;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>A node's identity, links and networks, in a data folder of its own, on loopback.</summary>
internal sealed class NetworkNode : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Action<IServiceCollection, NetworkNode>? _more;
    private ServiceProvider? _services;

    /// <param name="name">Name of its device.</param>
    /// <param name="account">The account it belongs to; null for one of its own.</param>
    /// <param name="more">Adds what else it is to have.</param>
    public NetworkNode(string name, AccountKey? account = null, Action<IServiceCollection, NetworkNode>? more = null)
    {
        _more = more;
        account?.Save(_folder.Path);
        Identity = NodeIdentity.LoadOrCreate(_folder.Path, name, passphrase: null, Time);
        Options = new FixedOptions(new MycelOptions { DataDir = _folder.Path, Links = new LinkOptions { Host = "127.0.0.1", Port = 0 } });
        Build();
    }

    public ShiftedTime Time { get; } = new();

    public NodeIdentity Identity { get; private set; }

    public FixedOptions Options { get; }

    public FixedModels Models { get; } = new();

    /// <summary>What answers its peers beside what a network itself needs; set before the start.</summary>
    public List<IStreamHandler> Handlers { get; } = [];

    public string Folder => _folder.Path;

    public PeerId Id => Identity.Device.PeerId;

    public LinkManager Links => Get<LinkManager>();

    public NetworkRegistry Registry => Get<NetworkRegistry>();

    public PeerBook Peers => Get<PeerBook>();

    public Invites Invites => Get<Invites>();

    public string Address => Links.Door!.LocalEndPoint!.ToString();

    /// <summary>Makes something of its services, and of what is given.</summary>
    public T Make<T>(params object[] given) => ActivatorUtilities.CreateInstance<T>(_services!, given);

    public T Get<T>()
        where T : notnull => _services!.GetRequiredService<T>();

    public async Task<NetworkNode> StartAsync()
    {
        Links.Serve([.. _services!.GetServices<IStreamHandler>(), .. Handlers]);
        await Get<NetworkRoom>().StartAsync();
        return this;
    }

    public async Task<NetworkNode> ListenAsync()
    {
        await StartAsync();
        await Links.EnsureStartedAsync();
        return this;
    }

    public Task<JoinedNetwork> JoinAsync(Invite invite) => Get<Joiner>().JoinAsync(invite.ToToken(), TestContext.Current.CancellationToken);

    public Invite Invite(MemberTerms? terms = null, int uses = 1, TimeSpan? validity = null, JoinedNetwork? network = null)
        => Invites.Create(network ?? Registry.Joined[0], terms ?? new MemberTerms(), uses, validity ?? TimeSpan.FromDays(7), "");

    public bool Serves(NetworkNode peer) => Peers.StandingOf(peer.Id, out _) is not null;

    /// <summary>Ends it as a process ends, and starts it again on its folder and port.</summary>
    public async Task RestartAsync()
    {
        var port = Links.Door?.LocalEndPoint?.Port ?? 0;
        await StopAsync();
        Options.Current = Options.Current with { Links = Options.Current.Links with { Port = port } };
        Identity = NodeIdentity.LoadOrCreate(_folder.Path, "again", passphrase: null, Time);
        Build();
        await StartAsync();
    }

    public async Task StopAsync()
    {
        if (_services is null) return;
        await Get<NetworkRoom>().DisposeAsync();
        await _services.DisposeAsync();
        _services = null;
        Identity.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private void Build()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IOptionsSource>(Options);
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<NodeIdentity>(_ => Identity);
        services.AddSingleton<IOwnModels>(Models);
        services.AddSingleton<LinkManager>();
        services.AddSingleton<ILinks>(provider => provider.GetRequiredService<LinkManager>());
        services.AddSingleton<ILinkStarter>(provider => provider.GetRequiredService<LinkManager>());
        services.AddNetworks();
        _more?.Invoke(services, this);
        _services = services.BuildServiceProvider();
    }
}
