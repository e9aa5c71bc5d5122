using System.Globalization;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>Two linked nodes; the first has a device that says each request's own mark back, the second is asked.</summary>
public sealed class EchoPair : IAsyncLifetime
{
    internal NodeProcess Serving { get; private set; } = null!;

    internal NodeProcess Asking { get; private set; } = null!;

    internal FaultyDevice Device { get; } = FaultyDevice.Start();

    public async ValueTask InitializeAsync()
    {
        Device.OnRequest = EchoAsync;
        Serving = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_QUEUE_DEPTH", "4096")) });
        Asking = await NodeProcess.StartAsync(new NodeSetup { Environment = PeerCalls.LinkSettings(0, ("MYCEL_QUEUE_DEPTH", "4096")) });
        await Serving.AddRelayAsync(Device, maxConcurrent: 256);
        await PeerGroup.ConnectAsync([Serving, Asking]);
        await Asking.SeesAsync(Device.Model);
    }

    public async ValueTask DisposeAsync()
    {
        await Asking.DisposeAsync();
        await Serving.DisposeAsync();
        await Device.DisposeAsync();
    }

    private static Task EchoAsync(DeviceExchange exchange)
    {
        var mark = (string)exchange.Request.Json["mark"]!;
        var isStream = (bool?)exchange.Request.Json["stream"] == true;
        return (isStream ? Scripts.Stream(Sse.Answer(Tokens(mark), usage: false)) : Scripts.Chat(mark))(exchange);
    }

    /// <summary>One request whose answer must be whole and its own.</summary>
    internal async Task AskAsync(string mark, bool stream)
    {
        var reply = await Asking.ChatAsync(Device.Model, stream, $",\"mark\":\"{mark}\"");
        reply.MustBe(200);
        Assert.Equal(stream ? Sse.Answer(Tokens(mark), usage: false) : Scripts.ChatBody(mark), reply.Text);
    }

    /// <summary>Begins a request and hangs up, at once or after the first bytes.</summary>
    internal async Task LeaveAsync(string mark, bool stream)
    {
        var client = await RawConnection.OpenAsync(Asking);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(Device.Model, stream, $",\"mark\":\"{mark}\"")));
        if (stream) await client.ReadHeadAsync();
        client.HangUp();
    }

    /// <summary>Waits until neither node has anything under way.</summary>
    internal async Task IdleAsync()
    {
        await Asking.IdleAsync();
        await Serving.IdleAsync();
    }

    private static string[] Tokens(string mark) => [.. Enumerable.Range(0, 8).Select(i => string.Create(CultureInfo.InvariantCulture, $"{mark}.{i} "))];
}
