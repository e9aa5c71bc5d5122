using System.Globalization;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>Nodes that are killed or stopped in their tracks while others wait on them.</summary>
public sealed class DeathTests
{
    [Theory]
    [InlineData(LocalCalls.Kill)]
    [InlineData(LocalCalls.Stop)]
    public async Task A_peer_gone_before_its_first_token_is_left_for_another(int signal)
    {
        var model = "both";
        await using var doomedDevice = FaultyDevice.Start(model);
        await using var otherDevice = FaultyDevice.Start(model);
        await using var asking = await PeerCalls.StartAsync();
        await using var doomed = await PeerCalls.StartAsync(doomedDevice);
        await PeerGroup.ConnectAsync([asking, doomed]);
        await asking.SeesAsync(model);
        doomedDevice.OnRequest = Scripts.HangAsync;
        var replies = new List<Task<Reply>>();
        for (var i = 0; i < 6; i++) replies.Add(asking.ChatAsync(model, stream: i % 2 == 0));
        await doomedDevice.RequestAsync(6);

        await using var other = await PeerCalls.StartAsync(otherDevice);
        await other.JoinAsync(await asking.InviteAsync());
        await asking.OfferedAsync(model, 2);
        ProcessSignals.Send(doomed.Pid, signal);
        foreach (var reply in await Task.WhenAll(replies).WaitAsync(TimeSpan.FromSeconds(20))) reply.MustBe(200);
        Assert.Equal(6, otherDevice.Requests.Count);
        await asking.IdleAsync();
    }

    [Fact]
    public async Task A_peer_killed_mid_stream_is_an_error_in_the_stream_and_one_that_returns_is_linked_again()
    {
        await using var device = FaultyDevice.Start();
        await using var asking = await PeerCalls.StartAsync();
        var doomed = await PeerCalls.StartAsync(device);
        await PeerGroup.ConnectAsync([asking, doomed]);
        await asking.SeesAsync(device.Model);
        var port = await doomed.LinkPortAsync();
        var gate = new Gate();
        device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        var client = await RawConnection.OpenAsync(asking);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, stream: true)));
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);
        var seen = await client.ReadUntilAsync("first");

        var peerId = doomed.PeerId();
        var folder = doomed.KeepFolder();
        doomed.Kill();
        seen += await client.ReadUntilAsync("\"error\"").WaitAsync(TimeSpan.FromSeconds(15));
        Assert.DoesNotContain("[DONE]", seen);
        client.HangUp();
        await asking.UnlinkedAsync(peerId);
        await doomed.DisposeAsync();

        device.OnRequest = Scripts.Proper;
        await using var back = await NodeProcess.StartAsync(new NodeSetup { Folder = folder, Devices = [device], Environment = PeerCalls.LinkSettings(port) });
        await asking.LinkedAsync(back);
        await asking.SeesAsync(device.Model);
        (await asking.ChatAsync(device.Model, stream: true)).MustBe(200);
    }

    [Fact]
    public async Task A_model_whose_only_holder_is_gone_is_told_with_its_holder()
    {
        await using var device = FaultyDevice.Start();
        await using var asking = await PeerCalls.StartAsync();
        await using var doomed = await PeerCalls.StartAsync(device);
        await PeerGroup.ConnectAsync([asking, doomed]);
        await asking.SeesAsync(device.Model);
        var (id, name) = (doomed.PeerId(), doomed.Certificate().DeviceName);
        Assert.Matches(@"\d/\d", (await asking.CommandAsync("peers")).Output);
        doomed.Kill();
        await asking.UnlinkedAsync(id);
        await Poll.UntilAsync(async () => (await asking.ModelIdsAsync()).Count == 0, "the model is listed no more");

        var refused = (await asking.ChatAsync(device.Model)).MustRefuse(404, "model_not_found");
        var chat = await asking.CommandAsync("chat", "-p", "hi");
        Assert.Equal(1, chat.ExitCode);
        foreach (var said in new[] { refused, chat.Error })
        {
            Assert.Contains(name, said);
            Assert.Contains(device.Model, said);
            Assert.Contains("mycel peers", said);
        }

        // What is free there nobody knows.
        var peers = (await asking.CommandAsync("peers")).Output;
        Assert.Contains(name, peers);
        Assert.DoesNotMatch(@"\d/\d", peers);
    }

    [Fact]
    public async Task An_asking_node_that_is_killed_stops_the_work_on_the_serving_one()
    {
        await using var device = FaultyDevice.Start();
        await using var serving = await PeerCalls.StartAsync(device);
        var asking = await PeerCalls.StartAsync();
        await PeerGroup.ConnectAsync([serving, asking]);
        await asking.SeesAsync(device.Model);
        device.OnRequest = Scripts.HangAsync;
        var lost = asking.ChatAsync(device.Model);
        var request = await device.RequestAsync();
        await asking.DisposeAsync();
        await request.Closed.WaitAsync(TimeSpan.FromSeconds(15));
        await serving.IdleAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => lost);
    }

    /// <summary>kill -9 among a few hundred requests: each is answered whole, or with an error that says so.</summary>
    [Fact]
    public async Task The_better_of_two_peers_killed_under_load_loses_no_request_that_had_shown_nothing()
    {
        var model = "load";
        await using var fast = FaultyDevice.Start(model);
        await using var slow = FaultyDevice.Start(model);
        slow.OnRequest = async exchange =>
        {
            await Task.Delay(20, exchange.Gone);
            await Scripts.Proper(exchange);
        };
        await using var asking = await PeerCalls.StartAsync();
        await using var first = await PeerCalls.StartAsync(fast);
        await using var second = await PeerCalls.StartAsync(slow);
        await PeerGroup.ConnectAsync([asking, first, second]);
        await asking.OfferedAsync(model, 2);

        var left = 400;
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            var mine = new List<Reply>();
            for (var i = Interlocked.Decrement(ref left); i >= 0; i = Interlocked.Decrement(ref left))
            {
                if (i == 200) first.Kill();
                mine.Add(await asking.ChatAsync(model, stream: worker % 2 == 0, more: string.Create(CultureInfo.InvariantCulture, $",\"seed\":{i}")));
            }

            return mine;
        }));
        var all = replies.SelectMany(mine => mine).ToList();
        Assert.Equal(400, all.Count);
        foreach (var reply in all)
        {
            Assert.Equal(200, reply.Status);
            var isWhole = reply.Text.EndsWith(Sse.Done, StringComparison.Ordinal) || reply.Text == Scripts.ChatBody("Hello there!", model);
            Assert.True(isWhole || reply.Text.Contains("\"error\"", StringComparison.Ordinal), $"Neither whole nor an error: {reply.Text}");
        }

        Assert.InRange(all.Count(reply => reply.Text.Contains("\"error\"", StringComparison.Ordinal)), 0, 8);
        Assert.True(slow.Requests.Count > 0 && fast.Requests.Count > 0, "Only one of the two was asked.");
        await asking.IdleAsync();
    }
}
