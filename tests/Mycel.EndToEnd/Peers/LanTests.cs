using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity;

namespace Mycel.EndToEnd.Peers;

/// <summary>Nodes that find each other on a local network, on hosts of their own, with nothing set but the account.</summary>
public sealed class LanTests
{
    [Fact]
    public async Task Two_nodes_of_one_account_find_each_other_and_nobody_else_recognises_them_or_leads_them_astray()
    {
        using var hosts = NetworkHosts.CreateLan();
        using var folder = new TempFolder();
        using var spy = LanSpy.Open(hosts, 1);
        await using var first = await NodeProcess.StartAsync(new NodeSetup { NetworkNamespace = hosts.Private(0), Arguments = ["--demo", "--log-level", "debug"] });
        var data = await first.CopyAccountAsync(folder);
        Assert.Null((await first.StatusAsync())["links"]!["listening"]);

        // On the machine of the first, and on its port for announcements, a node of somebody else.
        await using var stranger = await NodeProcess.StartAsync(new NodeSetup { NetworkNamespace = hosts.Private(0) });
        await using var second = await NodeProcess.StartAsync(new NodeSetup { NetworkNamespace = hosts.Private(1), DataDir = data });
        await second.LinkedAsync(first, carrier: "quic");
        var link = await first.LinkedAsync(second, carrier: "quic");
        Assert.True((bool)link["own"]!);
        // The first may be dialled by the second before it heard an announcement of it.
        await Poll.UntilAsync(async () => (bool)(await first.PeerAsync(second.PeerId()))!["nearby"]!, "the first has heard the second");
        await second.SeesAsync(LocalCalls.Tiny);
        var reply = await second.Control.CallAsync(HttpMethod.Post, NodeCalls.ChatPath, LocalCalls.Chat("Tell me of the sea.", "\"temperature\":0,\"max_tokens\":8", stream: true));
        Assert.EndsWith(Sse.Done, reply.MustBe(200).Text);

        await Poll.UntilAsync(async () => await HeardAsync(stranger, "foreign") > 0, "the stranger hears them");
        Assert.Equal((0, 0), (await HeardAsync(stranger, "taken"), await HeardAsync(stranger, "refused")));
        Assert.Empty(await stranger.PeersAsync());
        Assert.Null((await stranger.StatusAsync())["links"]!["listening"]);

        var recorded = spy.Hear(0);
        Assert.Equal(1200, recorded.Length);
        foreach (var known in new[] { first.Certificate().AccountKey.ToArray(), first.Certificate().DeviceKeyBytes.ToArray(), Encoding.UTF8.GetBytes(first.Certificate().DeviceName) })
            Assert.Equal(-1, recorded.AsSpan(4).IndexOf(known));
        await LeadAstrayAsync(spy, recorded, first, second);
        Assert.Equal((string?)link["since"], (string?)(await first.LinkedAsync(second))["since"]);
        Assert.Single(await first.PeersAsync());
    }

    [Fact]
    public async Task Switched_off_it_says_and_hears_nothing_until_it_is_switched_on()
    {
        using var hosts = NetworkHosts.CreateLan();
        using var spy = LanSpy.Open(hosts, 1);
        await using var node = await NodeProcess.StartAsync(new NodeSetup { NetworkNamespace = hosts.Private(0), Yaml = "lan:\n  enabled: false\n" });
        Assert.Contains("lan.enabled", (string?)(await node.StatusAsync())["lan"]!["why_not"]);
        Assert.False(IsListening(node));
        Assert.Equal(0, await MetricAsync(node, "mycel_lan_announcements_total"));

        await SwitchAsync(node, "true");
        Assert.Equal(1200, spy.Hear(0).Length);
        Assert.True(IsListening(node));
        Assert.Null((await node.StatusAsync())["lan"]!["why_not"]);

        await SwitchAsync(node, "false");
        Assert.False(IsListening(node));
    }

    /// <summary>What someone on the network can do with what they hear, and a thief with a device's keys who sits somewhere else than they say.</summary>
    private static async Task LeadAstrayAsync(LanSpy spy, byte[] recorded, NodeProcess first, NodeProcess second)
    {
        var before = await HeardAsync(second, "repeated");
        var foreign = await HeardAsync(second, "foreign");
        for (var i = 0; i < 5; i++)
        {
            spy.Say(recorded);
            spy.Say([.. recorded[..^1], (byte)(recorded[^1] ^ 1)]);
            spy.Say(recorded[..^1]);
            spy.Say([]);
        }

        await Poll.UntilAsync(async () => await HeardAsync(second, "repeated") >= before + 5 && await HeardAsync(second, "foreign") >= foreign + 15, "what was recorded is heard again");

        using var account = AccountKey.Load(first.DataDir)!;
        await using var thief = await TestPeer.CreateAsync(new TestPeerSetup { Account = account });
        spy.Say(LanSpy.Announcement(thief, await second.LinkPortAsync()));
        await Poll.UntilAsync(() => first.Output.Contains("another node answers there", StringComparison.Ordinal), "the first dials where the thief sent it, and finds the second there");
    }

    private static async Task SwitchAsync(NodeProcess node, string to)
    {
        await File.WriteAllTextAsync(node.ConfigFile, $"lan:\n  enabled: {to}\n");
        (await node.TellAsync("/v1/node/reload", new { })).MustBe(200);
    }

    /// <summary>Whether a socket of the node's host has the port of announcements, in the system's hexadecimal lists.</summary>
    private static bool IsListening(NodeProcess node) =>
        new[] { "udp", "udp6" }.Any(list => File.ReadLines($"/proc/{node.Pid}/net/{list}").Any(line => line.Contains(":20E7 ", StringComparison.Ordinal)));

    private static Task<double> HeardAsync(NodeProcess node, string verdict) => MetricAsync(node, "mycel_lan_datagrams_total", $"{{verdict=\"{verdict}\"}}");

    private static async Task<double> MetricAsync(NodeProcess node, string name, string labels = "")
    {
        var line = (await node.Control.GetStringAsync("/metrics")).Split('\n').Single(line => line.StartsWith(name + labels + " ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
