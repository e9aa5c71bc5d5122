using System.Net.Sockets;

namespace Mycel.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    /// <summary>How long the tests under noise last; a longer soak is asked for with MYCEL_SOAK_SECONDS.</summary>
    private static TimeSpan SoakTime => TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("MYCEL_SOAK_SECONDS"), out int seconds) ? seconds : 4);

    [Fact]
    public async Task Ten_thousand_exchanges_in_sequence()
    {
        await using Pair pair = await ConnectAsync(Defaults with { MaxStreams = 100 });
        _ = pair.Accepted.EchoAsync();
        var request = new byte[64];
        for (int i = 0; i < 10_000; i++)
        {
            BitConverter.TryWriteBytes(request, i);
            Assert.Equal(request, await pair.Dialled.AskAsync(request));
        }

        await NothingLeftAsync(pair);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(16)]
    public async Task Five_hundred_exchanges_at_once(int allowed)
    {
        await using Pair pair = await ConnectAsync(Defaults with { MaxStreams = allowed });
        _ = pair.Accepted.EchoAsync();
        for (int round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
            {
                byte[] request = BitConverter.GetBytes(i + (round * 500));
                Assert.Equal(request, await pair.Dialled.AskAsync(request));
            })).WaitAsync(Timeouts.Limit);
        }

        await NothingLeftAsync(pair);
    }

    [Fact]
    public async Task Waiting_to_open_a_stream_can_be_cancelled_and_leaves_the_place_to_others()
    {
        await using Pair pair = await ConnectAsync(Defaults with { MaxStreams = 4 });
        var held = new List<ITransportStream>();
        for (int i = 0; i < 4; i++)
        {
            held.Add(await pair.Dialled.OpenStreamAsync(Timeouts.Token()));
            await held[i].WriteAsync(new byte[1]);
        }

        using var cancellation = new CancellationTokenSource();
        Task<ITransportStream> given = pair.Dialled.OpenStreamAsync(cancellation.Token).AsTask();
        Task<ITransportStream> waiting = pair.Dialled.OpenStreamAsync(Timeouts.Token()).AsTask();
        await Task.Delay(20);
        Assert.False(given.IsCompleted || waiting.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        _ = Task.Run(async () =>
        {
            while (await pair.Accepted.AcceptStreamAsync() is { } stream)
                await stream.DisposeAsync();
        });
        foreach (ITransportStream stream in held)
            await stream.DisposeAsync();
        await (await waiting).DisposeAsync();
        await NothingLeftAsync(pair);
    }

    [Fact]
    public async Task Nothing_is_lost_mixed_up_or_left_behind_under_cancels_collections_and_garbage()
    {
        await using Pair pair = await ConnectAsync(Defaults with { MaxStreams = 64, ConnectionWindowBytes = 1 << 20, StreamWindowBytes = 256 << 10 });
        _ = pair.Accepted.EchoAsync();
        using var stop = new CancellationTokenSource(SoakTime);
        var noise = new Thread(() => MakeNoise(pair.Server.LocalEndPoint.Port, stop.Token)) { IsBackground = true };
        noise.Start();
        int whole = 0, cancelled = 0;

        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (!stop.IsCancellationRequested)
            {
                var body = new byte[random.Next(10) < 8 ? random.Next(1, 4000) : random.Next(1, 400_000)];
                random.NextBytes(body);
                if (random.Next(20) == 0)
                {
                    await CancelOneAsync(pair.Dialled, body, random);
                    Interlocked.Increment(ref cancelled);
                    continue;
                }

                byte[] answer = await pair.Dialled.AskAsync(body);
                Assert.True(answer.AsSpan().SequenceEqual(body), "an answer is not what was asked");
                Interlocked.Increment(ref whole);
            }
        }))).WaitAsync(SoakTime + Timeouts.Limit);

        Assert.True(whole > 100 && cancelled > 1, $"{whole} whole, {cancelled} cancelled");
        noise.Join();
        await NothingLeftAsync(pair);
        // The connection's window is as wide as before: what cancelled streams held was given back.
        var large = new byte[8 << 20];
        Assert.Equal(large.Length, (await pair.Dialled.AskAsync(large, Timeouts.Token())).Length);
    }

    [Fact]
    public async Task Connections_come_and_go_and_leave_nothing_behind()
    {
        await using ITransportEndpoint server = await BindAsync(), client = await BindAsync();
        using var stop = new CancellationTokenSource(SoakTime);
        var noise = new Thread(() => MakeNoise(server.LocalEndPoint.Port, stop.Token)) { IsBackground = true };
        noise.Start();
        var accepted = new System.Collections.Concurrent.ConcurrentBag<ITransportConnection>();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                ITransportConnection connection = await server.AcceptAsync();
                accepted.Add(connection);
                _ = connection.EchoAsync();
            }
        });
        int connections = 0;

        await Task.WhenAll(Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (!stop.IsCancellationRequested)
            {
                ITransportConnection connection = await client.ConnectAsync(server.LocalEndPoint, Timeouts.Token());
                Task[] asks = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => AskRandomAsync(connection, random.Next(1, 100_000)))];
                // Half of them are left in the middle.
                if (random.Next(2) == 0)
                    await Task.WhenAll(asks);
                await connection.CloseAsync(random.Next(100), "");
                try
                {
                    await Task.WhenAll(asks);
                }
                catch (TransportException)
                {
                    // As meant.
                }

                Interlocked.Increment(ref connections);
            }
        }))).WaitAsync(SoakTime + Timeouts.Limit);

        noise.Join();
        Assert.True(connections > 10, $"{connections} connections");
        await Timeouts.Until(() => accepted.All(connection => connection.Closed.IsCompleted), "all connections closed at the other end");
        await Timeouts.Until(() => HoldsNothing(server) && HoldsNothing(client), "all buffers given back");

        static async Task AskRandomAsync(ITransportConnection connection, int size)
        {
            var body = new byte[size];
            Random.Shared.NextBytes(body);
            Assert.Equal(body, await connection.AskAsync(body));
        }
    }

    private static async Task CancelOneAsync(ITransportConnection connection, byte[] body, Random random)
    {
        ITransportStream stream = await connection.OpenStreamAsync();
        Task write = stream.WriteAsync(body, end: random.Next(2) == 0).AsTask();
        if (random.Next(2) == 0)
            await Task.Delay(random.Next(3));
        if (random.Next(3) == 0)
        {
            stream.AbortRead(random.Next(1000));
            stream.AbortWrite(random.Next(1000));
        }

        await stream.DisposeAsync();
        try
        {
            await write;
        }
        catch (TransportException)
        {
            // As meant.
        }
    }

    /// <summary>Collections that move everything that can be moved, and a thousand datagrams of garbage a second.</summary>
    private static void MakeNoise(int port, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect("127.0.0.1", port);
        var random = new Random(7);
        var buffer = new byte[1400];
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            int length = random.Next(1, buffer.Length);
            random.NextBytes(buffer.AsSpan(0, length));
            if (random.Next(2) == 0 && length > 8)
            {
                // Looks like the first packet of a handshake.
                buffer[0] = (byte)(0xC0 | (buffer[0] & 0xF));
                buffer.AsSpan(1, 3).Clear();
                buffer[4] = (byte)random.Next(3);
                buffer[5] = (byte)random.Next(24);
            }

            try
            {
                socket.Send(buffer, length, SocketFlags.None);
            }
            catch (SocketException)
            {
                // Nobody there any more.
            }

            if (i % 50 == 0)
                GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            Thread.Sleep(1);
        }
    }
}
