using Microsoft.Extensions.DependencyInjection;
using Mycel.Dht;
using Mycel.Node.Configuration;
using Mycel.Node.Discovery;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Tests.Networks;
using Mycel.Transport;

namespace Mycel.Node.Tests.Discovery;

/// <summary>Nodes in one process that share the table of peers over real links and sockets.</summary>
public sealed class PeerTableTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public PeerTableTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task Members_of_a_public_network_enter_by_their_links_and_find_each_others_models()
    {
        await using var host = await StartAsync("host");
        await host.Registry.CreateAsync("commons", isPublic: true);
        await using var guest = await StartAsync("guest");
        var network = (await guest.JoinAsync(host.Invite())).Charter.Id;
        await ContactsAsync(guest, 1);
        var offer = new ModelOffer { Name = "shared", Slots = 1, FreeSlots = 1 };
        offer.Networks.Add(WireIds.Of(network.Hash));
        host.Models.Set(offer);

        FoundProviders? found = null;
        for (var i = 0; i < 100 && found?.Providers.Any(p => p.IsFromTable || p.Peer == host.Id) != true; i++)
        {
            found = await guest.Get<ModelFinder>().LookUpAsync("shared", null, Cancellation);
            await Task.Delay(50, Cancellation);
        }

        Assert.True(found!.IsTableAsked);
        Assert.Equal(host.Id, Assert.Single(found.Providers).Peer);
        Assert.Equal(host.Get<PeerTable>().Port, (int)guest.Peers.Find(host.Id)!.Record!.DhtPort);
        var record = Assert.Single((await guest.Get<PeerTable>().FindAsync(DhtKey.Of(host.Id), null, Cancellation))!.Records);
        Assert.Contains(host.Address, record.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public async Task A_node_of_private_networks_takes_no_part()
    {
        await using var host = await StartAsync("host");
        await host.Registry.CreateAsync("friends", isPublic: false);
        await using var guest = await StartAsync("guest");
        await guest.JoinAsync(host.Invite());
        await Until.TrueAsync(() => guest.Peers.Find(host.Id) is { IsGreeted: true, Record: not null }, "the greeting");

        Assert.False(guest.Get<PeerTable>().IsRunning);
        Assert.Equal(0u, guest.Peers.Find(host.Id)!.Record!.DhtPort);
        Assert.False(await guest.Get<ModelFinder>().FindAsync("anything", Cancellation));
    }

    [Fact]
    public async Task Who_leaves_the_last_public_network_takes_no_part_any_more()
    {
        await using var host = await StartAsync("host");
        var network = await host.Registry.CreateAsync("commons", isPublic: true);
        await Until.TrueAsync(() => host.Get<PeerTable>().Port > 0, "taking part");

        await host.Registry.LeaveAsync(network);

        await Until.TrueAsync(() => !host.Get<PeerTable>().IsRunning, "the end");
        Assert.Equal(0, host.Get<PeerTable>().Port);
        Assert.Null(await host.Get<PeerTable>().FindAsync(DhtKey.Of(host.Id), null, Cancellation));
    }

    [Fact]
    public async Task Requests_for_the_same_model_share_one_search()
    {
        await using var host = await StartAsync("host");
        await host.Registry.CreateAsync("commons", isPublic: true);
        await using var guest = await StartAsync("guest");
        await guest.JoinAsync(host.Invite());
        await ContactsAsync(guest, 1);
        var finder = guest.Get<ModelFinder>();

        var found = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => finder.FindAsync("nobody-has-this", Cancellation).AsTask()));

        Assert.All(found, Assert.False);
        var state = await guest.Get<PeerTable>().ReadAsync(Cancellation);
        Assert.InRange(state.Statistics!.LookupsEmpty, 1, 3);
    }

    [Fact]
    public async Task Nodes_known_in_an_earlier_run_are_remembered()
    {
        await using var host = await StartAsync("host");
        await host.Registry.CreateAsync("commons", isPublic: true);
        await using var guest = await StartAsync("guest");
        await guest.JoinAsync(host.Invite());
        await ContactsAsync(guest, 1);

        await guest.Get<PeerTable>().DisposeAsync();

        Assert.Equal(host.Id, Assert.Single(guest.Get<TableFile>().Load()).Peer);
        File.WriteAllText(Path.Combine(guest.Folder, "dht.json"), "{\"nodes\":[{\"id\":\"x\",\"address\":\"y\"}]}");
        Assert.Empty(guest.Get<TableFile>().Load());
        File.WriteAllText(Path.Combine(guest.Folder, "dht.json"), "not json");
        Assert.Empty(guest.Get<TableFile>().Load());
    }

    private static async Task<NetworkNode> StartAsync(string name)
    {
        var node = new NetworkNode(name, more: static (services, _) =>
        {
            services.AddSingleton<NodeMetrics>();
            services.AddSingleton<ModelCatalog>();
            services.AddDiscovery(isEnabled: true);
        });
        node.Options.Current = node.Options.Current with { Dht = new PeerTableOptions { Port = 0 } };
        await node.StartAsync();
        await node.Get<PeerTable>().StartAsync();
        return node;
    }

    private static Task ContactsAsync(NetworkNode node, int least) => Until.TrueAsync(
        () => node.Get<PeerTable>().ReadAsync(Cancellation).GetAwaiter().GetResult().Statistics?.Contacts >= least, $"knowing {least} nodes");
}
