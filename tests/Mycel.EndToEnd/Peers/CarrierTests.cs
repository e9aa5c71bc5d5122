using System.Net;
using System.Net.Sockets;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Transport;

namespace Mycel.EndToEnd.Peers;

/// <summary>Members that are linked in different ways are members of one network all the same.</summary>
public sealed class CarrierTests
{
    /// <summary>
    /// A hub that all reach; one with QUIC that takes no tunnels; one without QUIC that does; and one that takes neither, so that it and the one with
    /// QUIC meet over a third alone.
    /// </summary>
    [Fact]
    public async Task Members_over_QUIC_a_tunnel_and_a_relay_serve_each_other()
    {
        await using var nodes = new Group();
        var hub = await nodes.StartAsync();
        var quic = await nodes.StartAsync(("MYCEL_LINKS_HOST", "0.0.0.0"));
        var tunnel = await nodes.StartAsync(("MYCEL_LINKS_PROVIDER", "none"));
        var hidden = await nodes.StartAsync(("MYCEL_LINKS_PROVIDER", "none"), ("MYCEL_LINKS_HOST", "0.0.0.0"));
        await nodes.JoinAllAsync();

        foreach (var (one, other, carrier) in new[]
        {
            (hub, quic, "quic"), (hub, tunnel, "tunnel"), (hub, hidden, "tunnel"), (quic, tunnel, "tunnel"), (tunnel, hidden, "tunnel"), (quic, hidden, "relay"),
        })
        {
            foreach (var (from, to) in new[] { (one, other), (other, one) })
            {
                await from.Node.LinkedAsync(to.Node, TimeSpan.FromSeconds(45), carrier);
            }
        }

        await nodes.AskAllAsync();

        // One that can only be reached over a third goes on being served when that one is busy with much else.
        var tokens = Enumerable.Range(0, 500).Select(i => $"{i} ").ToList();
        hidden.Device.OnRequest = Scripts.Stream(Sse.Answer(tokens, usage: false));
        foreach (var reply in await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => quic.Node.ChatAsync(hidden.Device.Model, stream: true))))
            Assert.Equal(tokens, Sse.Contents(reply.MustBe(200).Text));
    }

    [Fact]
    public async Task Members_over_IPv6_alone_over_IPv4_alone_and_over_both_serve_each_other()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "No IPv6 on this machine.");
        await using var nodes = new Group();
        var port = FreePort();
        var both = await nodes.StartAsync(("MYCEL_LINKS_HOST", "::"), ("MYCEL_LINKS_PORT", $"{port}"), ("MYCEL_LINKS_ADDRESSES", $"[::1]:{port},127.0.0.1:{port}"));
        var first = await nodes.StartAsync(("MYCEL_LINKS_HOST", "::1"));
        var second = await nodes.StartAsync(("MYCEL_LINKS_HOST", "::1"));
        var old = await nodes.StartAsync(("MYCEL_LINKS_HOST", "127.0.0.1"));
        await nodes.JoinAllAsync();

        foreach (var (from, to, address) in new[] { (both, first, "[::1]"), (first, second, "[::1]"), (second, both, "[::1]"), (old, both, "127.0.0.1") })
        {
            var peer = await from.Node.LinkedAsync(to.Node, TimeSpan.FromSeconds(45), "quic");
            Assert.StartsWith(address + ":", (string?)peer["address"]);
        }

        // One that has IPv4 alone reaches those that have IPv6 alone over another way.
        foreach (var other in new[] { first, second }) await old.Node.LinkedAsync(other.Node, TimeSpan.FromSeconds(30));
        await nodes.AskAllAsync();
    }

    /// <summary>What the settings ask for by name is had, or the node says what is missing and does not start as if it were.</summary>
    [Fact]
    public async Task A_transport_asked_for_by_name_is_taken_or_its_lack_told()
    {
        foreach (var provider in TransportProviders.All)
        {
            var settings = PeerCalls.LinkSettings(0, ("MYCEL_LINKS_PROVIDER", provider.Name));
            if (provider.IsSupported)
            {
                await using var node = await NodeProcess.StartAsync(new NodeSetup { Environment = settings });
                await node.CreateNetworkAsync();
                Assert.Equal(provider.Name, (string?)(await node.StatusAsync())["links"]!["provider"]);
                continue;
            }

            var refused = await NodeProcess.RunToEndAsync(new NodeSetup { Environment = settings });
            Assert.Equal(2, refused.ExitCode);
            foreach (var said in new[] { "links.provider", provider.Name, provider.WhyNot!.Split(". ")[0], "auto" }) Assert.Contains(said, refused.Output);
            Assert.DoesNotContain("Exception", refused.Output);
        }

        var unknown = await NodeProcess.RunToEndAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_LINKS_PROVIDER", "quiche")) });
        Assert.Equal(2, unknown.ExitCode);
        foreach (var said in new[] { "MYCEL_LINKS_PROVIDER", "quiche", "ngtcp2", "msquic", "none" }) Assert.Contains(said, unknown.Output);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private sealed record Member(NodeProcess Node, FaultyDevice Device);

    /// <summary>Nodes, each with a device and a model of its own.</summary>
    private sealed class Group : IAsyncDisposable
    {
        private readonly List<Member> _all = [];

        public async Task<Member> StartAsync(params (string Name, string Value)[] settings)
        {
            var device = FaultyDevice.Start("of-node-" + _all.Count);
            try
            {
                var node = await NodeProcess.StartAsync(new NodeSetup { Devices = [device], Environment = PeerCalls.LinkSettings(0, settings) });
                _all.Add(new Member(node, device));
            }
            catch
            {
                await device.DisposeAsync();
                throw;
            }

            return _all[^1];
        }

        /// <summary>The first founds a network, and the others join.</summary>
        public async Task JoinAllAsync()
        {
            await _all[0].Node.CreateNetworkAsync();
            var token = await _all[0].Node.InviteAsync();
            foreach (var member in _all.Skip(1)) await member.Node.JoinAsync(token);
        }

        /// <summary>Each asks for each other's model, plain and streamed, and it is that one's device that answers.</summary>
        public async Task AskAllAsync()
        {
            foreach (var asking in _all)
            {
                foreach (var serving in _all.Where(serving => serving != asking))
                {
                    await asking.Node.SeesAsync(serving.Device.Model, TimeSpan.FromSeconds(20));
                    var count = serving.Device.Requests.Count;
                    (await asking.Node.ChatAsync(serving.Device.Model)).MustBe(200);
                    var reply = (await asking.Node.ChatAsync(serving.Device.Model, stream: true)).MustBe(200);
                    Assert.Equal(["Hello", " there", "!"], Sse.Contents(reply.Text));
                    Assert.Equal(count + 2, serving.Device.Requests.Count);
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var member in _all)
            {
                await member.Node.DisposeAsync();
                await member.Device.DisposeAsync();
            }
        }
    }
}
