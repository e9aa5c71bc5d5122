using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity;
using Mycel.Identity.Networks;

namespace Mycel.EndToEnd.Peers;

/// <summary>From clean folders, by the command line alone: found a network, invite, join, ask.</summary>
public sealed class JoinTests
{
    [Fact]
    public async Task Three_machines_two_commands_and_a_peers_model_answers()
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        Assert.Equal(0, (await host.CommandAsync("network", "create", PeerCalls.Network)).ExitCode);
        var invite = await host.CommandAsync("invite", "create", "--uses", "2");
        Assert.True(invite.ExitCode == 0, invite.All);
        var token = invite.Output.Trim();
        Assert.StartsWith("mycel-", token);
        Assert.DoesNotContain('\n', token);

        // Where no node runs the command becomes one; where one runs it is told.
        await using var guest = await NodeProcess.StartAsync(new NodeSetup { Command = ["join", token], Environment = PeerCalls.LinkSettings() });
        await using var other = await PeerCalls.StartAsync();
        var joined = await other.CommandAsync("join", token);
        Assert.True(joined.ExitCode == 0, joined.All);
        Assert.Contains(PeerCalls.Network, joined.All);

        foreach (var node in new[] { guest, other })
        {
            await node.SeesAsync(device.Model);
            var reply = (await node.ChatAsync(device.Model, stream: true)).MustBe(200);
            Assert.Equal(["Hello", " there", "!"], Sse.Contents(reply.Text));
        }

        await guest.LinkedAsync(other);
        var peers = await other.CommandAsync("peers", "--json");
        Assert.Equal(2, peers.Json()["peers"]!.AsArray().Count(peer => (bool)peer!["linked"]!));
        Assert.Contains(PeerCalls.Network, (await guest.CommandAsync("network", "list")).Output);
    }

    [Fact]
    public async Task A_model_that_a_peer_computes_itself_streams()
    {
        await using var host = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--demo"], Environment = PeerCalls.LinkSettings() });
        await using var guest = await PeerCalls.StartAsync();
        await PeerGroup.ConnectAsync([host, guest]);
        await guest.SeesAsync(LocalCalls.Tiny);
        var answer = Answer.Of((await guest.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("Tell me of the sea.", "\"temperature\":0,\"max_tokens\":12", stream: true))).MustBe(200));
        Assert.NotEqual("", answer.Text);
    }

    [Fact]
    public async Task A_node_that_is_started_again_finds_its_network_again()
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        var guest = await PeerCalls.StartAsync();
        await PeerGroup.ConnectAsync([host, guest]);
        Assert.Equal(0, await guest.StopAsync());
        var folder = guest.KeepFolder();
        await guest.DisposeAsync();
        await host.UnlinkedAsync(guest.PeerId());
        await using var again = await NodeProcess.StartAsync(new NodeSetup { Folder = folder, Environment = PeerCalls.LinkSettings() });
        await again.LinkedAsync(host);
        await again.SeesAsync(device.Model);
        (await again.ChatAsync(device.Model)).MustBe(200);
    }

    [Fact]
    public async Task Leaving_a_network_ends_being_served_in_it()
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        await using var guest = await PeerCalls.StartAsync();
        await PeerGroup.ConnectAsync([host, guest]);
        await guest.SeesAsync(device.Model);
        Assert.Equal(0, (await guest.CommandAsync("network", "leave", PeerCalls.Network)).ExitCode);
        await Poll.UntilAsync(async () => !(await guest.ModelIdsAsync()).Contains(device.Model), "the model is listed no more");
        (await guest.ChatAsync(device.Model)).MustRefuse(404);
        Assert.Empty(device.Requests);
    }

    /// <summary>An invite for one shows the way to a public network to everybody, and to a private one to nobody else.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Anyone_may_join_a_public_network_and_the_invited_alone_a_private_one(bool isPublic)
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        await host.CreateNetworkAsync("place", isPublic);
        var token = await host.InviteAsync(1);
        await using var invited = await PeerCalls.StartAsync();
        await invited.JoinAsync(token);
        await using var another = await PeerCalls.StartAsync();
        var joined = await another.CommandAsync("join", token);
        await invited.SeesAsync(device.Model);
        (await invited.ChatAsync(device.Model)).MustBe(200);
        var invite = Assert.Single((await host.AskAsync("/v1/node/invites"))["invites"]!.AsArray());
        Assert.Equal((1, "used_up"), ((int)invite!["used"]!, (string?)invite["state"]));

        if (isPublic)
        {
            Assert.True(joined.ExitCode == 0, joined.All);
            await another.SeesAsync(device.Model);
            (await another.ChatAsync(device.Model)).MustBe(200);
            Assert.Equal(2, device.Requests.Count);
            return;
        }

        Assert.NotEqual(0, joined.ExitCode);
        Assert.Contains("used already", joined.Error);
        Assert.Empty((await another.AskAsync("/v1/node/networks"))["networks"]!.AsArray());
        (await another.ChatAsync(device.Model)).MustRefuse(404, "model_not_found");
        Assert.Single(device.Requests);
    }

    [Fact]
    public async Task An_invite_that_is_over_says_so_to_people_and_admits_nobody()
    {
        await using var host = await PeerCalls.StartAsync();
        await host.CreateNetworkAsync();
        var token = PlantExpired(host, await host.InviteAsync(1));

        // On a clean machine no node is started for it.
        using var folder = new TempFolder();
        var data = Path.Combine(folder.Path, "data");
        var clean = await MycelCommand.RunAsync(folder.Path, data, ["join", token], PeerCalls.LinkSettings());
        await using var guest = await PeerCalls.StartAsync();
        foreach (var told in new[] { clean, await guest.CommandAsync("join", token) })
        {
            Assert.Equal(1, told.ExitCode);
            Assert.Contains("expired", told.Error);
            Assert.Contains("Ask for a new one", told.Error);
            Assert.DoesNotContain("Exception", told.All);
        }

        Assert.False(Directory.Exists(Path.Combine(data, "run")), "A node was started for an invite that is over.");
        Assert.Contains("expired", (await guest.TryJoinAsync(token)).MustRefuse(400, "invite_invalid"));
        Assert.Empty((await guest.AskAsync("/v1/node/networks"))["networks"]!.AsArray());

        // Nor does the host admit one whose clock says otherwise.
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.DialAsync(token);
        var answer = await link.TryRedeemAsync(Invite.Parse(token));
        Assert.Contains("expired", answer.MustRefuse(403, "invite_refused").Refusal!.Message);
        Assert.Contains("expired", (await host.CommandAsync("invite", "list")).Output);
        Assert.DoesNotContain((await host.AskAsync("/v1/node/invites"))["invites"]!.AsArray(), invite => (int)invite!["used"]! > 0);
    }

    /// <summary>Puts an invite into a node's folder that was made two days ago for one day, as another of its own; the result is its token.</summary>
    private static string PlantExpired(NodeProcess host, string token)
    {
        var alive = Invite.Parse(token);
        using var identity = NodeIdentity.LoadOrCreate(host.DataDir, "host", passphrase: null, TimeProvider.System);
        var issuer = Issuer.Create(alive.Network.RootKey, identity.Certificate, membership: null);
        var over = Invite.Create(identity.Device, issuer, alive.Network, alive.Terms, 1, DateTimeOffset.UtcNow.AddDays(-2), TimeSpan.FromDays(1), alive.Nodes);
        new InviteBook(Path.Combine(host.DataDir, "invites"), TimeProvider.System).Add(over, "");
        return over.ToToken();
    }
}
