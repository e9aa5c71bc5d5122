using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>Finding nodes and models by the table of peers, without a directory and without the node that founded the network.</summary>
public sealed class TableTests
{
    private const string Network = "commons";

    /// <summary>The most that a node may take from its start to the answer of a model that it never heard of.</summary>
    private static readonly TimeSpan FindTime = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task With_the_first_node_gone_a_model_of_a_node_never_heard_of_is_found_by_one_old_address()
    {
        await using var device = FaultyDevice.Start("far-away");
        var bootstrap = await PeerCalls.StartAsync();
        List<NodeProcess> nodes = [bootstrap];
        try
        {
            await bootstrap.CreateNetworkAsync(Network, isPublic: true);
            var token = await bootstrap.InviteAsync(50);
            // It has room for one link, which others take: only the table is left to whoever comes later.
            var old = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_LINKS_MAX_LINKS", "1")) });
            nodes.Add(old);
            await old.JoinAsync(token);
            var newcomer = await PeerCalls.StartAsync();
            nodes.Add(newcomer);
            await newcomer.JoinAsync(token);
            await ContactsAsync(newcomer, 2);
            Assert.Equal(0, await newcomer.StopAsync());
            var folder = newcomer.KeepFolder();
            await newcomer.DisposeAsync();

            while (nodes.Count < 20)
            {
                var more = await Task.WhenAll(Enumerable.Range(0, Math.Min(3, 20 - nodes.Count)).Select(_ => PeerCalls.StartAsync()));
                nodes.AddRange(more);
                foreach (var node in more) await node.JoinAsync(token);
            }

            var holder = nodes[^1];
            await holder.AddRelayAsync(device);
            await PublishedAsync(holder, 2);
            bootstrap.Kill();
            await Poll.UntilAsync(async () => (await old.PeersAsync()).Any(peer => (bool)peer["linked"]! && (string?)peer["id"] != bootstrap.PeerId()), "another node has taken the place", TimeSpan.FromSeconds(30));

            await using var again = await NodeProcess.StartAsync(new NodeSetup { Folder = folder, Environment = PeerCalls.LinkSettings() });
            // When it ran before the others were not there, so it knows none of them, and of the two that it knew one is gone and the other has no room.
            var answered = Stopwatch.StartNew();
            (await again.ChatAsync(device.Model)).MustBe(200);
            Assert.True(answered.Elapsed < FindTime, $"The answer took {answered.Elapsed.TotalSeconds:0.0} s. Output: {again.Output}");
            Assert.True((bool)(await again.PeerAsync(holder.PeerId()))!["linked"]!);
            var table = await again.AskAsync("/v1/node/dht");
            Assert.InRange((int)table["contacts"]!, 10, 20);
            Assert.InRange((double)table["estimated_nodes"]!, 10, 40);
        }
        finally
        {
            foreach (var node in nodes) await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_network_grows_beyond_the_links_of_the_node_that_founded_it_and_models_of_nodes_without_a_link_are_served()
    {
        await using var device = FaultyDevice.Start("beyond");
        await using var founder = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_LINKS_MAX_LINKS", "1")) });
        await using var holder = await NodeProcess.StartAsync(new NodeSetup { Devices = [device], Environment = PeerCalls.LinkSettings(0, ("MYCEL_LINKS_MAX_LINKS", "1")) });
        await using var newcomer = await PeerCalls.StartAsync();
        await founder.CreateNetworkAsync(Network, isPublic: true);
        var token = await founder.InviteAsync();
        await holder.JoinAsync(token);
        await founder.LinkedAsync(holder);

        // The founder's only place is taken by one that does nothing there: after half a minute it is the newcomer's.
        await Poll.UntilAsync(async () => (await newcomer.TryJoinAsync(token)).Status == 200, "the newcomer is let in", TimeSpan.FromSeconds(60));
        await founder.LinkedAsync(newcomer);
        await founder.UnlinkedAsync(holder.PeerId());

        (await newcomer.ChatAsync(device.Model)).MustBe(200);
        Assert.Contains("makes room", founder.Output);
        Assert.Equal(1, device.HeadsSeen);
    }

    [Fact]
    public async Task A_peer_that_moved_is_found_again_by_the_address_it_publishes()
    {
        await using var founder = await PeerCalls.StartAsync();
        await using var stays = await PeerCalls.StartAsync();
        var moves = await PeerCalls.StartAsync();
        await founder.CreateNetworkAsync(Network, isPublic: true);
        var token = await founder.InviteAsync();
        await stays.JoinAsync(token);
        await moves.JoinAsync(token);
        await stays.LinkedAsync(moves);
        await ContactsAsync(moves, 2);
        Assert.Equal(0, await moves.StopAsync());
        var folder = moves.KeepFolder();
        var data = moves.DataDir;
        await moves.DisposeAsync();
        founder.Kill();
        // It forgot whom it was linked with, and has another port now: neither finds the other but by the table.
        File.Delete(Path.Combine(data, "peers.json"));

        await using var moved = await NodeProcess.StartAsync(new NodeSetup { Folder = folder, Environment = PeerCalls.LinkSettings() });

        await stays.LinkedAsync(moved, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task What_is_for_a_private_network_is_not_published()
    {
        await using var secret = FaultyDevice.Start("kept-among-friends");
        await using var open = FaultyDevice.Start("for-everybody");
        await using var asking = await PeerCalls.StartAsync();
        await using var friend = await PeerCalls.StartAsync();
        await using var holder = await NodeProcess.StartAsync(new NodeSetup
        {
            Devices = [secret, open],
            Yaml = $"sharing:\n  default: networks\n  models:\n    {secret.Model}: {PeerCalls.Network}\n",
            Environment = PeerCalls.LinkSettings(),
        });
        await asking.CreateNetworkAsync(Network, isPublic: true);
        await friend.CreateNetworkAsync();
        await holder.JoinAsync(await friend.InviteAsync());
        Assert.Contains("no public network", (await holder.CommandAsync("dht", "status")).Output);
        await holder.JoinAsync(await asking.InviteAsync());
        await PublishedAsync(holder, 2);

        // Its address, and the model that everybody may ask for.
        var found = await asking.CommandAsync("peers", "find", open.Model, "--json");
        var provider = Assert.Single(found.Json()["providers"]!.AsArray())!;
        Assert.Equal(holder.PeerId(), (string?)provider["id"]);
        Assert.Equal(Network, (string?)provider["network"]);
        Assert.True((bool)found.Json()["table_asked"]!);
        var none = await asking.CommandAsync("peers", "find", secret.Model);
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("No node is known", none.Output);
        Assert.Equal(2, (int)(await holder.AskAsync("/v1/node/dht"))["published"]!);
        Assert.False((bool)(await friend.AskAsync("/v1/node/dht"))["running"]!);
        (await asking.ChatAsync("nobody-has-this")).MustRefuse(404, "model_not_found");
    }

    [Fact]
    public async Task A_node_without_the_table_asks_and_answers_nothing_of_it()
    {
        using var taken = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)taken.Client.LocalEndPoint!).Port;
        await using var with = await PeerCalls.StartAsync();
        await using var without = await NodeProcess.StartAsync(new NodeSetup
        {
            Arguments = ["--no-dht"],
            Environment = PeerCalls.LinkSettings(0, ("MYCEL_DHT_PORT", port.ToString(CultureInfo.InvariantCulture))),
        });
        await with.CreateNetworkAsync(Network, isPublic: true);
        await without.JoinAsync(await with.InviteAsync());
        await with.LinkedAsync(without);
        await Poll.UntilAsync(async () => (bool)(await with.AskAsync("/v1/node/dht"))["running"]!, "the first node takes part");

        Assert.Contains("--no-dht", (await without.CommandAsync("dht", "status")).Output);
        Assert.DoesNotContain("table of peers", without.Output);
        Assert.DoesNotContain("mycel_dht_", (await without.GetAsync("/metrics")).Text);
        var table = await with.AskAsync("/v1/node/dht");
        Assert.Equal(0, (int)table["contacts"]!);
        Assert.Equal(0, (int)table["questions"]!["received"]!);
        Assert.Equal(0, taken.Available);

        // A port that is taken leaves the links.
        await using var crowded = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_DHT_PORT", port.ToString(CultureInfo.InvariantCulture))) });
        await crowded.JoinAsync(await with.InviteAsync());
        await ContactsAsync(crowded, 1);
        var status = await crowded.CommandAsync("dht", "status");
        Assert.Contains("links only", status.Output);
        Assert.Contains("dht.port", crowded.Output);
    }

    [Fact]
    public async Task Garbage_at_the_port_changes_nothing()
    {
        await using var device = FaultyDevice.Start();
        await using var first = await PeerCalls.StartAsync(device);
        await using var second = await PeerCalls.StartAsync();
        await first.CreateNetworkAsync(Network, isPublic: true);
        await second.JoinAsync(await first.InviteAsync());
        await ContactsAsync(second, 1);
        await PublishedAsync(first, 2);
        var port = (int)(await first.AskAsync("/v1/node/dht"))["port"]!;
        var before = (long)(await first.AskAsync("/v1/node/dht"))["traffic"]!["dropped"]!;
        var random = new Random(7);
        using var sender = new UdpClient();
        for (var i = 0; i < 3000; i++)
        {
            var bytes = new byte[random.Next(0, i % 10 == 0 ? 60_000 : 1300)];
            random.NextBytes(bytes);
            await sender.SendAsync(bytes, new IPEndPoint(IPAddress.Loopback, port));
        }

        await Poll.UntilAsync(async () => (long)(await first.AskAsync("/v1/node/dht"))["traffic"]!["dropped"]! > before, "it was seen and dropped");
        Assert.Equal(0, sender.Available);
        var found = (await second.CommandAsync("peers", "find", device.Model, "--json")).Json();
        Assert.Single(found["providers"]!.AsArray());
        (await second.ChatAsync(device.Model)).MustBe(200);
        var metrics = new PrometheusText((await first.GetAsync("/metrics")).Text);
        Assert.Equal(1, metrics.Sum("mycel_dht_contacts"));
        Assert.DoesNotContain("Unhandled", first.Output);
    }

    private static Task<TimeSpan> ContactsAsync(NodeProcess node, int least) => TableAsync(node, "contacts", least);

    private static Task<TimeSpan> PublishedAsync(NodeProcess node, int least) => TableAsync(node, "published", least);

    private static async Task<TimeSpan> TableAsync(NodeProcess node, string figure, int least)
    {
        JsonNode? table = null;
        try
        {
            return await Poll.UntilAsync(async () => (int)(table = await node.AskAsync("/v1/node/dht"))[figure]! >= least, $"the table has {least} {figure}", PeerCalls.LinkTime);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} It says {table?.ToJsonString()}. Its output: {node.Output}", late);
        }
    }
}
