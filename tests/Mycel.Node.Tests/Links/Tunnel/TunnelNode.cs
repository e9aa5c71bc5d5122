using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Api.Admin;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;

namespace Mycel.Node.Tests.Links.Tunnel;

/// <summary>A node, by default without QUIC: its tunnels come in at a web server of its own.</summary>
internal sealed class TunnelNode : IAsyncDisposable
{
    private readonly TestNode _node;
    private WebApplication? _app;

    private TunnelNode(IRelayRules? rules, IStreamHandler? relay, string provider)
        => _node = new TestNode(SetUp(rules, relay), o => o with { Provider = provider });

    public LinkManager Links => _node.Links;

    public PeerId Id => _node.Id;

    public FixedOptions Options => _node.Options;

    /// <summary>Its tunnels' address.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Where QUIC listens, of a node that has it.</summary>
    public string QuicAddress => _node.Address;

    public TunnelDoor Door { get; private set; } = null!;

    public RelayHandler Relay { get; private set; } = null!;

    public static async Task<TunnelNode> StartAsync(IRelayRules? rules = null, IStreamHandler? relay = null, string provider = "none")
    {
        var node = new TunnelNode(rules, relay, provider);
        await node.ListenAsync();
        await node.Links.EnsureStartedAsync();
        return node;
    }

    private Action<LinkManager> SetUp(IRelayRules? rules, IStreamHandler? relay) => manager =>
    {
        rules ??= new OpenRules(manager);
        var options = new CurrentOptions(() => _node.Options.Current);
        Relay = new RelayHandler(manager, rules, options, TimeProvider.System, NullLogger<RelayHandler>.Instance);
        Door = new TunnelDoor(manager, options, NullLogger<TunnelDoor>.Instance);
        var relays = new RelayDialer(manager, rules);
        manager.Serve([new PingHandler(), new EchoHandler(), relay ?? Relay]);
        manager.DialWith(new TunnelDialer(manager.Credentials));
        manager.DialWith(relays);
        manager.DetourBy(relays);
    };

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        _app.UseWebSockets();
        _app.MapTunnel(Door, new ClientAddress(_node.Options));
        await _app.StartAsync();
        Address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is null) return;
        await _node.DisposeAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>Options that are known only once the node is.</summary>
    private sealed class CurrentOptions(Func<MycelOptions> current) : IOptionsSource
    {
        public event Action<MycelOptions>? Changed
        {
            add { }
            remove { }
        }

        public MycelOptions Current => current();
    }

    /// <summary>Everyone may pass everywhere.</summary>
    private sealed class OpenRules(LinkManager links) : IRelayRules
    {
        public string? WhyNot(PeerId asker, PeerId target) => null;

        public bool MayBring(PeerId middle) => true;

        public IEnumerable<PeerId> MiddlesTo(PeerId target) => links.All.Select(l => l.Id);
    }
}
