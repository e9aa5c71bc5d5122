using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;
using Mycel.EndToEnd.Peers.Harness;

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

    [Fact]
    public async Task Anyone_may_join_a_public_network()
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        await host.CreateNetworkAsync("open", isPublic: true);
        await using var guest = await PeerCalls.StartAsync();
        await guest.JoinAsync(await host.InviteAsync(1));
        await guest.SeesAsync(device.Model);
        (await guest.ChatAsync(device.Model)).MustBe(200);
    }
}
