using System.Net;
using System.Net.Sockets;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity.Networks;
using Mycel.Transport;

namespace Mycel.EndToEnd.Peers;

/// <summary>Datagrams of strangers: half-open handshakes, recorded ones, and noise.</summary>
public sealed class FloodTests(HostileHost host) : IClassFixture<HostileHost>
{
    private IPEndPoint Target => PeerCalls.Addresses(host.Token)[0];

    [Fact]
    public async Task A_recorded_session_played_again_links_nobody_and_redeems_nothing()
    {
        var token = await host.Node.InviteAsync(5);
        using var path = new UdpPath(PeerCalls.Addresses(token)[0]) { IsRecording = true };
        await using var peer = await TestPeer.CreateAsync();
        await using (var link = await peer.DialAsync(path.EndPoint))
        {
            await link.GreetAsync();
            await link.RedeemAsync(Invite.Parse(token));
        }

        await Poll.UntilAsync(async () => !await IsLinkedAsync(peer), "the link has ended");
        using var again = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        for (var round = 0; round < 20; round++)
        {
            foreach (var datagram in path.Recorded) await again.SendToAsync(datagram, Target);
        }

        await host.MustServeAsync();
        Assert.False(await IsLinkedAsync(peer));
        var entry = (await host.Node.AskAsync("/v1/node/invites"))["invites"]!.AsArray().Single(invite => Invite.Parse(token).Id.StartsWith((string)invite!["id"]!, StringComparison.Ordinal));
        Assert.Equal(1, (int)entry!["used"]!);
    }

    [Fact]
    public async Task Thousands_of_half_open_handshakes_keep_nobody_out()
    {
        await using var member = await TestPeer.CreateAsync();
        await using var link = await member.JoinAsync(host.Token);
        var first = await FirstDatagramsAsync(300);
        var sent = 0;
        var sockets = Enumerable.Range(0, 200).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)).ToList();
        try
        {
            for (var round = 0; round < 20; round++)
            {
                foreach (var datagram in first)
                {
                    await sockets[sent % sockets.Count].SendToAsync(datagram, Target);
                    sent++;
                }

                // Those who are linked are served on meanwhile.
                await link.PingAsync();
            }
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }

        Assert.Equal(6000, sent);
        // From an address that sends thousands nobody is answered for a second; then again.
        await Poll.UntilAsync(
            async () =>
            {
                await using var newcomer = await TestPeer.CreateAsync();
                try
                {
                    await using var late = await newcomer.DialAsync(host.Token);
                    await late.PingAsync();
                    return true;
                }
                catch (TransportException)
                {
                    return false;
                }
            },
            "newcomers are answered again",
            TimeSpan.FromSeconds(30));
        await host.MustServeAsync();
    }

    [Fact]
    public async Task Noise_on_the_port_is_ignored()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var random = new Random(20261121);
        for (var i = 0; i < 6000; i++)
        {
            var noise = new byte[random.Next(1, 1400)];
            random.NextBytes(noise);
            // A third looks like the beginning of a QUIC handshake, a third like packets of a connection.
            noise[0] = (byte)(random.Next(3) switch { 0 => noise[0], 1 => 0xC0 | (noise[0] & 0x0F), _ => 0x40 | (noise[0] & 0x3F) });
            if (noise.Length > 5 && random.Next(2) == 0) (noise[1], noise[2], noise[3], noise[4]) = (0, 0, 0, 1);
            await socket.SendToAsync(noise, Target);
        }

        await host.MustServeAsync();
    }

    /// <summary>Strangers that stay are bounded, and members come in all the same.</summary>
    [Fact]
    public async Task A_crowd_of_strangers_keeps_no_member_out()
    {
        var strangers = new List<(TestPeer Peer, TestLink? Link)>();
        try
        {
            for (var i = 0; i < 80; i++)
            {
                var peer = await TestPeer.CreateAsync();
                TestLink? link = null;
                try
                {
                    link = await peer.DialAsync(host.Token);
                    await link.GreetAsync();
                }
                catch (Exception refused) when (refused is TransportException or Xunit.Sdk.XunitException)
                {
                    // One too many.
                }

                strangers.Add((peer, link));
            }

            await host.MustServeAsync();
            var ended = strangers.Count(stranger => stranger.Link is null || stranger.Link.Connection.Closed.IsCompleted);
            Assert.InRange(ended, 80 - 64, 80);
        }
        finally
        {
            foreach (var (peer, _) in strangers) await peer.DisposeAsync();
        }
    }

    private async Task<bool> IsLinkedAsync(TestPeer peer) => (bool?)(await host.Node.PeerAsync(peer.Device.PeerId.ToString()))?["linked"] == true;

    /// <summary>The first datagrams of so many handshakes, each of which a node must take for a newcomer.</summary>
    private static async Task<List<byte[]>> FirstDatagramsAsync(int count)
    {
        using var sink = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 16 << 20 };
        sink.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var datagrams = new Dictionary<string, byte[]>();
        await using var peer = await TestPeer.CreateAsync();
        var dialling = Enumerable.Range(0, count).Select(async _ =>
        {
            try
            {
                await using var link = await peer.DialAsync((IPEndPoint)sink.LocalEndPoint!);
            }
            catch (Exception nobody) when (nobody is TransportException or ObjectDisposedException)
            {
                // Nobody answers there.
            }
        }).ToList();
        var buffer = new byte[65_536];
        while (datagrams.Count < count)
        {
            var received = await sink.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(10));
            // The connection id, behind the first byte and the version, tells handshakes apart.
            datagrams.TryAdd(Convert.ToHexString(buffer, 6, Math.Min(buffer[5], (byte)20)), buffer[..received]);
        }

        await peer.DisposeAsync();
        await Task.WhenAll(dialling);
        return [.. datagrams.Values];
    }
}
