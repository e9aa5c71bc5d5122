using System.Net;
using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>Nodes on hosts of their own, behind real address translation and firewalls.</summary>
public sealed class RouterTests
{
    /// <summary>A model that is computed on the node itself: a device would have to be a host, too.</summary>
    private const string Model = LocalCalls.Tiny;

    [Fact]
    public async Task Two_hosts_behind_routers_ask_each_other_and_a_public_one()
    {
        using var hosts = NetworkHosts.Create(2);
        await using var nodes = await Nodes.StartAsync(hosts, demo: [true, true, false]);
        await nodes.JoinAsync();
        await nodes.Second.SeesAsync(Model);
        foreach (var node in nodes.All) await AskAsync(node);
        await nodes.First.LinkedAsync(nodes.Second, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Where_no_way_leads_from_one_to_the_other_a_third_carries_what_it_cannot_read()
    {
        using var hosts = NetworkHosts.Create(2);
        hosts.Separate();
        await using var nodes = await Nodes.StartAsync(hosts, demo: [false, true, false]);
        await nodes.JoinAsync();
        var peer = await nodes.Second.LinkedAsync(nodes.First, TimeSpan.FromSeconds(30));
        Assert.Equal("relay", (string?)peer["carrier"]);
        await nodes.Second.SeesAsync(Model);

        // The one in the middle has all bytes of it in its memory, and not one word.
        var word = "sea" + Guid.NewGuid().ToString("N");
        await AskAsync(nodes.Second, word);
        Assert.True(ProcessMemory.Contains(nodes.First.Pid, word) || ProcessMemory.Contains(nodes.Second.Pid, word), "Not even the two ends have it: this looks in the wrong place.");
        Assert.False(ProcessMemory.Contains(nodes.Public.Pid, word), "The node in the middle could read what it carried.");
    }

    [Fact]
    public async Task Where_a_firewall_drops_UDP_a_tunnel_is_used()
    {
        using var hosts = NetworkHosts.Create(1);
        hosts.BlockUdp(0);
        await using var nodes = await Nodes.StartAsync(hosts, demo: [true, false]);
        await nodes.JoinAsync();
        await nodes.First.LinkedAsync(nodes.Public, TimeSpan.FromSeconds(45), "tunnel");
        await nodes.First.SeesAsync(Model);
        await AskAsync(nodes.First);
    }

    [Fact]
    public async Task A_router_that_loses_packets_and_forgets_its_translations_breaks_no_answer()
    {
        using var hosts = NetworkHosts.Create(1);
        hosts.Lose(0, 5);
        await using var nodes = await Nodes.StartAsync(hosts, demo: [true, false]);
        await nodes.JoinAsync();
        await nodes.First.SeesAsync(Model);
        for (var i = 0; i < 5; i++) await AskAsync(nodes.First);
        // Where packets were lost at the wrong moment a tunnel was first: the link then moves to QUIC, which alone survives a new address.
        await Poll.UntilAsync(async () => (string?)(await nodes.First.LinkedAsync(nodes.Public, TimeSpan.FromSeconds(20)))["carrier"] == "quic", "a link over QUIC", TimeSpan.FromSeconds(60));
        hosts.Restart(0);
        for (var i = 0; i < 5; i++) await AskAsync(nodes.First);
    }

    /// <summary>One over QUIC, one whose firewall drops UDP, and between the two the third that both know.</summary>
    [Fact]
    public async Task QUIC_a_tunnel_and_a_relay_make_one_network()
    {
        using var hosts = NetworkHosts.Create(2);
        hosts.Separate();
        hosts.BlockUdp(1);
        await using var nodes = await Nodes.StartAsync(hosts, demo: [true, true, true]);
        await nodes.JoinAsync();
        foreach (var (from, to, carrier) in new[]
        {
            (nodes.Public, nodes.First, "quic"), (nodes.Second, nodes.Public, "tunnel"), (nodes.First, nodes.Second, "relay"), (nodes.Second, nodes.First, "relay"),
        })
        {
            await from.LinkedAsync(to, TimeSpan.FromSeconds(45), carrier);
        }

        foreach (var asking in nodes.All)
        {
            foreach (var serving in nodes.All.Where(serving => serving != asking)) await AskAsync(asking, model: await OfferAsync(asking, serving));
        }
    }

    [Fact]
    public async Task A_new_public_address_in_mid_stream_breaks_no_answer_and_makes_no_new_link()
    {
        using var hosts = NetworkHosts.Create(1);
        await using var device = NetworkHosts.Inside(hosts.Public, () => FaultyDevice.Start());
        await using var serving = await NodeProcess.StartAsync(new NodeSetup
        {
            NetworkNamespace = hosts.Public,
            Devices = [device],
            Environment = new Dictionary<string, string> { ["MYCEL_LINKS_ADDRESSES"] = $"{NetworkHosts.PublicAddress}:8421" },
        });
        await using var asking = await NodeProcess.StartAsync(new NodeSetup { NetworkNamespace = hosts.Private(0) });
        await serving.CreateNetworkAsync();
        await asking.JoinAsync(await serving.InviteAsync());
        var since = (string?)(await asking.LinkedAsync(serving))["since"];
        await asking.SeesAsync(device.Model);
        var gate = new Gate();
        device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        using var content = new StringContent(NodeCalls.ChatBody(device.Model, stream: true), Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, NodeCalls.ChatPath) { Content = content };
        using var reply = await asking.Control.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var body = new StreamReader(await reply.Content.ReadAsStreamAsync());
        Assert.StartsWith("data:", await body.ReadLineAsync());

        hosts.Move(0);
        gate.Open();

        var rest = await body.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains(" second", rest);
        Assert.EndsWith(Sse.Done, rest);
        Assert.Single(device.Requests);
        device.OnRequest = Scripts.Proper;
        (await asking.Control.CallAsync(HttpMethod.Post, NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model))).MustBe(200);
        await Poll.UntilAsync(
            async () => ((string?)(await serving.PeerAsync(asking.PeerId()))?["address"])?.StartsWith(NetworkHosts.MovedAddress(0), StringComparison.Ordinal) == true,
            "the serving node sees the new address");
        Assert.Equal(since, (string?)(await asking.LinkedAsync(serving))["since"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Translation_losses_and_delay_together_break_no_answer(int lossPercent)
    {
        using var hosts = NetworkHosts.Create(1);
        using var path = NetworkHosts.Inside(hosts.Public, () => new UdpPath(new IPEndPoint(IPAddress.Loopback, 8421)) { Delay = TimeSpan.FromMilliseconds(40), LossPercent = lossPercent });
        // The public node has no other address than the one at the other end of the bad line.
        await using var serving = await NodeProcess.StartAsync(new NodeSetup
        {
            NetworkNamespace = hosts.Public,
            Arguments = ["--demo"],
            Environment = PeerCalls.LinkSettings(8421, ("MYCEL_LINKS_ADDRESSES", $"{NetworkHosts.PublicAddress}:{path.Port}")),
        });
        await using var asking = await NodeProcess.StartAsync(new NodeSetup { NetworkNamespace = hosts.Private(0) });
        await serving.CreateNetworkAsync();
        await asking.JoinAsync(await serving.InviteAsync());
        var peer = await asking.LinkedAsync(serving, TimeSpan.FromSeconds(45), "quic");
        Assert.Equal($"{NetworkHosts.PublicAddress}:{path.Port}", (string?)peer["address"]);
        await asking.SeesAsync(Model, TimeSpan.FromSeconds(20));

        var rounds = 0;
        while (rounds++ < 4 || (path.Lost == 0 && rounds < 50)) await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AskAsync(asking)));
        hosts.Restart(0);
        for (var i = 0; i < 3; i++) await AskAsync(asking);
        Assert.True(path.Lost > 0, "Nothing was lost: the nodes found another way.");
    }

    /// <summary>The name of a node's model that means that node alone.</summary>
    private static async Task<string> OfferAsync(NodeProcess asking, NodeProcess serving)
    {
        await Poll.UntilAsync(async () => (await asking.PeerAsync(serving.PeerId()))?["models"]!.AsArray().Count > 0 && (await asking.PeerAsync(serving.PeerId()))!["route"] is not null, "the node's model is known");
        return $"{(await asking.PeerAsync(serving.PeerId()))!["route"]}:{Model}";
    }

    private static async Task AskAsync(NodeProcess node, string text = "Tell me of the sea.", string model = Model)
    {
        var reply = await node.Control.CallAsync(HttpMethod.Post, NodeCalls.ChatPath, LocalCalls.Chat(text, "\"temperature\":0,\"max_tokens\":12", stream: true, model));
        Assert.EndsWith(Sse.Done, reply.MustBe(200).Text);
        Assert.NotEqual("", Answer.Of(reply).Text);
    }

    /// <summary>A node on the public host, and one on each private host.</summary>
    private sealed class Nodes : IAsyncDisposable
    {
        private const int HttpPort = 8420;

        private readonly List<NodeProcess> _all = [];

        public IReadOnlyList<NodeProcess> All => _all;

        public NodeProcess Public => _all[0];

        public NodeProcess First => _all[1];

        public NodeProcess Second => _all[2];

        /// <param name="hosts">Where.</param>
        /// <param name="demo">Which compute a model: the public one, and each private one.</param>
        public static async Task<Nodes> StartAsync(NetworkHosts hosts, bool[] demo)
        {
            var nodes = new Nodes();
            for (var i = 0; i < demo.Length; i++)
            {
                var isPublic = i == 0;
                var environment = new Dictionary<string, string>();
                if (isPublic) environment["MYCEL_LINKS_ADDRESSES"] = $"{NetworkHosts.PublicAddress}:8421,http://{NetworkHosts.PublicAddress}:{HttpPort}";
                string[] arguments = [.. isPublic ? ["--host", "0.0.0.0", "--open"] : Array.Empty<string>(), .. demo[i] ? ["--demo"] : Array.Empty<string>()];
                nodes._all.Add(await NodeProcess.StartAsync(new NodeSetup
                {
                    NetworkNamespace = isPublic ? hosts.Public : hosts.Private(i - 1),
                    Environment = environment,
                    Port = HttpPort,
                    Arguments = arguments,
                }));
            }

            return nodes;
        }

        public async Task JoinAsync()
        {
            await Public.CreateNetworkAsync();
            var token = await Public.InviteAsync();
            foreach (var node in _all.Skip(1))
            {
                var reply = await node.TryJoinAsync(token);
                Assert.True(reply.Status == 200, $"{reply.Text}\n{node.Output}\n{Public.Output}");
                await node.LinkedAsync(Public, TimeSpan.FromSeconds(20));
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in _all) await node.DisposeAsync();
        }
    }
}
