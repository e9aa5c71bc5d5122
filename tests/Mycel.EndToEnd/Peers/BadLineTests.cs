using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>Two nodes whose only way to each other is a bad one.</summary>
public sealed class BadLineTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Answers_are_whole_with_losses_and_delay(int lossPercent)
    {
        await using var line = await Line.OpenAsync();
        foreach (var path in line.Paths)
        {
            path.Delay = TimeSpan.FromMilliseconds(40);
            path.LossPercent = lossPercent;
        }

        await line.JoinAsync();
        var tokens = Enumerable.Range(0, 200).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i} ")).ToList();
        line.Device.OnRequest = Scripts.Stream(Sse.Answer(tokens, usage: false));
        var rounds = 0;
        while (rounds++ < 3 || (line.Paths.Sum(path => path.Lost) == 0 && rounds < 50))
        {
            var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => line.Asking.ChatAsync(line.Device.Model, stream: true)));
            foreach (var reply in replies) Assert.Equal(tokens, Sse.Contents(reply.MustBe(200).Text));
        }

        Assert.True(line.Paths.Sum(path => path.Lost) > 0, "Nothing was lost: the nodes found another way.");
        Assert.Single(await line.Asking.PeersAsync(), peer => (bool)peer["linked"]!);
    }

    [Fact]
    public async Task A_new_port_of_the_router_breaks_no_answer()
    {
        await using var line = await Line.OpenAsync();
        await line.JoinAsync();
        var gate = new Gate();
        line.Device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        using var begun = await line.Asking.BeginChatAsync(line.Device.Model);
        await line.Device.RequestAsync();
        foreach (var path in line.Paths) path.Rebind();
        gate.Open();
        var text = await begun.Content.ReadAsStringAsync();
        Assert.EndsWith(Sse.Done, text);
        line.Device.OnRequest = Scripts.Proper;
        (await line.Asking.ChatAsync(line.Device.Model)).MustBe(200);
    }

    [Fact]
    public async Task A_line_that_is_cut_is_noticed_while_work_waits_and_used_again_when_it_is_back()
    {
        await using var line = await Line.OpenAsync();
        await line.JoinAsync();
        line.Device.OnRequest = Scripts.HangAsync;
        var waiting = line.Asking.ChatAsync(line.Device.Model);
        var request = await line.Device.RequestAsync();
        foreach (var path in line.Paths) path.IsCut = true;
        var reply = await waiting.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.InRange(reply.Status, 500, 599);
        await request.Closed.WaitAsync(TimeSpan.FromSeconds(15));

        foreach (var path in line.Paths) path.IsCut = false;
        line.Device.OnRequest = Scripts.Proper;
        await line.Asking.LinkedAsync(line.Serving);
        await line.Asking.SeesAsync(line.Device.Model);
        (await line.Asking.ChatAsync(line.Device.Model)).MustBe(200);
    }

    /// <summary>Two nodes, a device behind one, and a path in front of each.</summary>
    private sealed class Line : IAsyncDisposable
    {
        public FaultyDevice Device { get; } = FaultyDevice.Start();

        public NodeProcess Serving { get; private set; } = null!;

        public NodeProcess Asking { get; private set; } = null!;

        public List<UdpPath> Paths { get; } = [];

        public static async Task<Line> OpenAsync()
        {
            var line = new Line();
            line.Serving = await line.StartAsync(line.Device);
            line.Asking = await line.StartAsync();
            return line;
        }

        public async Task JoinAsync()
        {
            await Serving.CreateNetworkAsync();
            await Asking.JoinAsync(await Serving.InviteAsync());
            await Asking.LinkedAsync(Serving, TimeSpan.FromSeconds(20));
            await Asking.SeesAsync(Device.Model, TimeSpan.FromSeconds(20));
        }

        public async ValueTask DisposeAsync()
        {
            await Asking.DisposeAsync();
            await Serving.DisposeAsync();
            await Device.DisposeAsync();
            foreach (var path in Paths) path.Dispose();
        }

        private async Task<NodeProcess> StartAsync(params FaultyDevice[] devices)
        {
            var port = FreePort();
            var path = new UdpPath(new IPEndPoint(IPAddress.Loopback, port));
            Paths.Add(path);
            // As many addresses as fit, all of the path: the node's own address is not told to anyone.
            return await NodeProcess.StartAsync(new NodeSetup { Devices = devices, Environment = PeerCalls.LinkSettings(port, ("MYCEL_LINKS_ADDRESSES", string.Join(',', path.Addresses))) });
        }

        private static int FreePort()
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return ((IPEndPoint)socket.LocalEndPoint!).Port;
        }
    }
}
