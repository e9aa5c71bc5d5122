using System.Diagnostics;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>A client that hangs up, in each phase of its request, stops the device within a second and frees what it held.</summary>
public sealed class CancellationTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private NodeProcess Node => shared.Node;

    [Fact]
    public async Task While_uploading()
    {
        await using var device = await shared.AddAsync();
        var client = await RawConnection.OpenAsync(Node);
        var request = RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, more: ",\"pad\":\"" + new string('p', 1_000_000) + "\""));
        await client.SendAsync(request.AsMemory(0, request.Length / 2));
        client.HangUp();
        await Node.IdleAsync(Bound);
        (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.Equal(1, device.HeadsSeen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_waiting_in_the_queue(bool stream)
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var running = Node.ChatAsync(device.Model);
        await device.RequestAsync();

        var client = await BeginAsync(device, stream);
        await Node.QueuedAsync(1);
        client.HangUp();
        var clock = Stopwatch.StartNew();
        await Node.QueuedAsync(0);
        Assert.True(clock.Elapsed < Bound);

        gate.Open();
        (await running).MustBe(200);
        await Node.IdleAsync(Bound);
        Assert.Equal(1, device.HeadsSeen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_the_device_thinks(bool stream)
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.OnRequest = Scripts.HangAsync;
        await CutAsync(device, await BeginAsync(device, stream));
    }

    [Fact]
    public async Task While_the_device_has_only_said_who_speaks()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.OnRequest = Scripts.StreamThen(End.Hang, Sse.Role());
        await CutAsync(device, await BeginAsync(device, stream: true));
    }

    [Fact]
    public async Task While_tokens_come()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.OnRequest = async exchange =>
        {
            await exchange.SendAsync(Scripts.StreamHead);
            for (var i = 0; ; i++)
            {
                await exchange.SendAsync(Scripts.Chunk(Sse.Token($"{i} ")));
                await Task.Delay(5, exchange.Gone);
            }
        };
        var client = await BeginAsync(device, stream: true);
        await client.ReadHeadAsync();
        await client.ReadUntilAsync("10 ");
        await CutAsync(device, client);
    }

    [Fact]
    public async Task Between_two_tokens()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.OnRequest = Scripts.StreamThen(End.Hang, Sse.Role(), Sse.Token("one"));
        var client = await BeginAsync(device, stream: true);
        await client.ReadHeadAsync();
        await client.ReadUntilAsync("one");
        await CutAsync(device, client);
    }

    [Fact]
    public async Task While_a_plain_answer_comes()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.OnRequest = Scripts.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{\"id\":", End.Hang);
        await CutAsync(device, await BeginAsync(device, stream: false));
    }

    [Fact]
    public async Task While_the_client_does_not_read()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        var piece = Scripts.Chunk(Sse.Token(new string('x', 60_000)));
        device.OnRequest = async exchange =>
        {
            await exchange.SendAsync(Scripts.StreamHead);
            while (true) await exchange.SendAsync(piece);
        };
        var client = await BeginAsync(device, stream: true);
        await client.ReadHeadAsync();
        await CutAsync(device, client);
    }

    [Fact]
    public async Task A_hundred_clients_that_hang_up_leave_nothing_behind()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 10);
        device.OnRequest = Scripts.HangAsync;
        var clients = new List<RawConnection>();
        for (var i = 0; i < 100; i++) clients.Add(await BeginAsync(device, stream: i % 2 == 0));
        await Node.QueuedAsync(90);
        foreach (var client in clients) client.HangUp();
        await Node.IdleAsync(TimeSpan.FromSeconds(2));
        await Poll.UntilAsync(() => device.InFlight == 0, "the device has nothing in flight", Bound);

        device.OnRequest = Scripts.Proper;
        (await Node.ChatAsync(device.Model)).MustBe(200);
    }

    [Fact]
    public async Task Leaving_is_no_failure_of_the_device()
    {
        await using var device = await shared.AddAsync();
        for (var i = 0; i < 6; i++)
        {
            device.Next(Scripts.HangAsync);
            var client = await BeginAsync(device, stream: true);
            await device.RequestAsync(i + 1);
            client.HangUp();
        }

        await Node.IdleAsync();
        var relay = await Node.RelayAsync(device);
        Assert.True((bool)relay!["healthy"]!);
        Assert.True((bool)relay["online"]!);
    }

    [Fact]
    public async Task A_second_request_on_the_connection_is_no_hanging_up()
    {
        await using var device = await shared.AddAsync();
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var request = RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model));
        await using var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync(request);
        await client.SendAsync(request);
        await device.RequestAsync();
        gate.Open();
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, (await client.ReadHeadAsync()).Status);
            Assert.Equal(Scripts.ChatBody("Hello there!", device.Model), System.Text.Encoding.UTF8.GetString(await client.ReadBodyAsync()));
        }
    }

    private async Task<RawConnection> BeginAsync(FaultyDevice device, bool stream)
    {
        var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, stream)));
        return client;
    }

    /// <summary>Hangs up and checks that the device saw it in time, that the slot is free, and that the next request is served.</summary>
    private async Task CutAsync(FaultyDevice device, RawConnection client)
    {
        var request = await device.RequestAsync();
        await Poll.UntilAsync(async () => (int)(await Node.StatusAsync())["slots"]!["used"]! == 1, "the slot is taken");
        var clock = Stopwatch.StartNew();
        client.HangUp();
        await request.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(clock.Elapsed < Bound, $"The device was stopped after {clock.Elapsed.TotalSeconds:0.00} s.");
        await Node.IdleAsync(Bound);

        device.OnRequest = Scripts.Proper;
        (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.Equal(2, device.Requests.Count);
    }
}
