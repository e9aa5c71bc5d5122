using System.Net;
using Mycel.Transport.Buffers;
using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Ngtcp2;

/// <summary>What is particular to this provider: bad networks, floods, restarts, limits.</summary>
public sealed class Ngtcp2Tests
{
    public Ngtcp2Tests() => Assert.SkipUnless(new Ngtcp2Provider().IsSupported, $"ngtcp2 is not supported here: {new Ngtcp2Provider().WhyNot}");

    private static EndpointOptions Defaults => new()
    {
        Local = new IPEndPoint(IPAddress.Loopback, 0),
        Credentials = Certificates.Create(),
        Validator = static _ => null,
        HandshakesPerSecondPerAddress = 10_000,
    };

    [Fact]
    public void The_library_and_its_version_are_known()
    {
        var provider = new Ngtcp2Provider();

        Assert.Equal("ngtcp2", provider.Name);
        Assert.Matches(@"^1\.\d+\.\d+", provider.Version);
    }

    [Theory]
    [InlineData(1, 5, 0, 0)]
    [InlineData(2, 0, 10, 20)]
    [InlineData(3, 15, 5, 10)]
    public async Task Every_byte_arrives_over_a_bad_network(int seed, int lost, int doubled, int delayed)
    {
        var faults = new Faults(seed, lost, doubled, delayed);
        FaultySocket? bad = null;
        QuicEndpoint server = Ngtcp2Provider.Bind(Defaults, socket => bad = new FaultySocket(socket, faults));
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults, socket => new FaultySocket(socket, faults with { Seed = seed + 100 }));
        await using Pair pair = await Pair.ConnectAsync(server, client);
        _ = pair.Accepted.EchoAsync();
        var random = new Random(seed);
        for (int round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            {
                var body = new byte[random.Next(1, 300_000)];
                random.NextBytes(body);
                Assert.Equal(body, await pair.Dialled.AskAsync(body));
            })).WaitAsync(Timeouts.Limit);
        }

        Assert.True(bad!.Struck > 5, "the network was not bad");
    }

    [Fact]
    public async Task Bbr_works_too()
    {
        QuicEndpoint server = Ngtcp2Provider.Bind(Defaults with { Congestion = CongestionControl.Bbr }, socket => new FaultySocket(socket, new Faults(5, Lost: 2)));
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults with { Congestion = CongestionControl.Bbr }, null);
        await using Pair pair = await Pair.ConnectAsync(server, client);
        _ = pair.Accepted.EchoAsync();
        var body = new byte[2 << 20];
        Random.Shared.NextBytes(body);

        Assert.Equal(body, await pair.Dialled.AskAsync(body, Timeouts.Token()));
    }

    [Fact]
    public async Task Under_a_flood_callers_first_prove_their_address()
    {
        QuicEndpoint server = Ngtcp2Provider.Bind(Defaults with { RetryAbove = 0 }, null);
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults, null);

        await using Pair pair = await Pair.ConnectAsync(server, client);
        _ = pair.Accepted.EchoAsync();

        Assert.Equal("proved"u8.ToArray(), await pair.Dialled.AskAsync("proved"u8.ToArray(), Timeouts.Token()));
    }

    [Fact]
    public async Task A_flood_of_half_open_handshakes_is_bounded_and_passes()
    {
        EndpointOptions options = Defaults with { RetryAbove = 4, MaxHalfOpen = 8, HandshakeTimeout = TimeSpan.FromMilliseconds(700) };
        QuicEndpoint server = Ngtcp2Provider.Bind(options, null);
        // Their packets arrive; what the server answers does not.
        var deaf = new List<QuicEndpoint>();
        var dials = new List<Task>();
        for (int i = 0; i < 40; i++)
        {
            deaf.Add(Ngtcp2Provider.Bind(Defaults with { HandshakeTimeout = TimeSpan.FromMilliseconds(500) }, socket => new DeafSocket(socket)));
            dials.Add(Assert.ThrowsAsync<TransportException>(() => deaf[^1].ConnectAsync(server.LocalEndPoint).AsTask()));
        }

        int most = 0;
        while (!Task.WhenAll(dials).IsCompleted)
        {
            most = Math.Max(most, server.ConnectionCount);
            await Task.Delay(5);
        }

        Assert.InRange(most, 1, 8);
        await Timeouts.Until(() => server.ConnectionCount == 0, "half-open handshakes forgotten");
        await using (Pair pair = await Pair.ConnectAsync(server, Ngtcp2Provider.Bind(Defaults, null)))
            Assert.Equal(1, server.ConnectionCount);
        foreach (QuicEndpoint endpoint in deaf)
            await endpoint.DisposeAsync();
    }

    [Fact]
    public async Task Handshakes_of_one_address_are_limited()
    {
        QuicEndpoint server = Ngtcp2Provider.Bind(Defaults with { HandshakesPerSecondPerAddress = 3 }, null);
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults with { HandshakeTimeout = TimeSpan.FromMilliseconds(400) }, null);
        Task<bool>[] dials = [.. Enumerable.Range(0, 20).Select(async _ =>
        {
            try
            {
                await client.ConnectAsync(server.LocalEndPoint);
                return true;
            }
            catch (TransportException)
            {
                return false;
            }
        })];

        bool[] connected = await Task.WhenAll(dials).WaitAsync(Timeouts.Limit);

        // Two windows of a second at most, and the first packet again within them.
        Assert.InRange(connected.Count(success => success), 1, 9);
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task One_connection_too_many_is_refused_at_once()
    {
        QuicEndpoint server = Ngtcp2Provider.Bind(Defaults with { MaxConnections = 2 }, null);
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults, null);
        await client.ConnectAsync(server.LocalEndPoint, Timeouts.Token());
        ITransportConnection second = await client.ConnectAsync(server.LocalEndPoint, Timeouts.Token());

        TransportException error = await Assert.ThrowsAsync<TransportException>(() => client.ConnectAsync(server.LocalEndPoint).AsTask().WaitAsync(Timeouts.Limit));

        Assert.Equal(TransportFailure.Refused, error.Kind);
        await second.DisposeAsync();
        await Timeouts.Until(() => server.ConnectionCount == 1, "the place is free again");
        await client.ConnectAsync(server.LocalEndPoint, Timeouts.Token());
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_restarted_peer_says_so_at_once()
    {
        EndpointOptions options = Defaults with { ResetKey = new byte[32] };
        LeavingSocket? leaving = null;
        QuicEndpoint server = Ngtcp2Provider.Bind(options, socket => leaving = new LeavingSocket(socket));
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults, null);
        await using Pair pair = await Pair.ConnectAsync(server, client);
        _ = pair.Accepted.EchoAsync();
        await pair.Dialled.AskAsync(new byte[1], Timeouts.Token());
        leaving!.IsGone = true;
        await server.DisposeAsync();

        QuicEndpoint restarted = Ngtcp2Provider.Bind(options with { Local = server.LocalEndPoint }, null);
        await Assert.ThrowsAsync<TransportException>(() => pair.Dialled.AskAsync(new byte[1], Timeouts.Token()));

        TransportEnd end = await pair.Dialled.Closed.WaitAsync(Timeouts.Limit);
        Assert.Equal(TransportFailure.Transport, end.Kind);
        Assert.Contains("restarted", end.Reason, StringComparison.Ordinal);
        await restarted.DisposeAsync();
    }

    [Fact]
    public async Task A_reset_that_does_not_know_the_secret_is_ignored()
    {
        EndpointOptions options = Defaults with { ResetKey = new byte[32] };
        LeavingSocket? leaving = null;
        QuicEndpoint server = Ngtcp2Provider.Bind(options, socket => leaving = new LeavingSocket(socket));
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults with { SilenceTimeout = TimeSpan.FromMilliseconds(700) }, null);
        await using Pair pair = await Pair.ConnectAsync(server, client);
        leaving!.IsGone = true;
        await server.DisposeAsync();

        QuicEndpoint another = Ngtcp2Provider.Bind(Defaults with { Local = server.LocalEndPoint }, null);
        await Assert.ThrowsAsync<TransportException>(() => pair.Dialled.AskAsync(new byte[1], Timeouts.Token()));

        Assert.Equal(TransportFailure.Timeout, (await pair.Dialled.Closed.WaitAsync(Timeouts.Limit)).Kind);
        await another.DisposeAsync();
    }

    [Fact]
    public async Task One_socket_accepts_and_dials()
    {
        QuicEndpoint first = Ngtcp2Provider.Bind(Defaults, null), second = Ngtcp2Provider.Bind(Defaults, null);
        await using Pair there = await Pair.ConnectAsync(first, second);
        await using Pair back = await Pair.ConnectAsync(second, first);

        Assert.Equal(second.LocalEndPoint, there.Accepted.RemoteEndPoint);
        Assert.Equal(first.LocalEndPoint, back.Accepted.RemoteEndPoint);
        _ = there.Accepted.EchoAsync();
        _ = back.Accepted.EchoAsync();
        Assert.Equal([1], await there.Dialled.AskAsync(new byte[] { 1 }, Timeouts.Token()));
        Assert.Equal([2], await back.Dialled.AskAsync(new byte[] { 2 }, Timeouts.Token()));
    }

    [Fact]
    public async Task A_socket_without_room_delays_and_loses_nothing()
    {
        BusySocket? busy = null;
        QuicEndpoint server = Ngtcp2Provider.Bind(Defaults, null);
        QuicEndpoint client = Ngtcp2Provider.Bind(Defaults, socket => busy = new BusySocket(socket));
        await using Pair pair = await Pair.ConnectAsync(server, client);
        _ = pair.Accepted.EchoAsync();
        var body = new byte[4 << 20];
        Random.Shared.NextBytes(body);

        Assert.Equal(body, await pair.Dialled.AskAsync(body, Timeouts.Token()));
        Assert.True(busy!.Refusals > 0);
    }

    [Fact]
    public async Task Inline_completions_serve_as_well()
    {
        EndpointOptions options = Defaults with { InlineCompletions = true };
        await using Pair pair = await Pair.ConnectAsync(Ngtcp2Provider.Bind(options, null), Ngtcp2Provider.Bind(options, null));
        Task serve = ServeAsync(pair.Accepted);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async worker =>
        {
            for (int i = 0; i < 200; i++)
            {
                byte[] request = BitConverter.GetBytes((worker * 1000) + i);
                Assert.Equal(request, await pair.Dialled.AskAsync(request));
            }
        })).WaitAsync(Timeouts.Limit);
        Assert.False(serve.IsFaulted);

        static async Task ServeAsync(ITransportConnection connection)
        {
            while (await connection.AcceptStreamAsync() is { } stream)
                _ = AnswerAsync(stream);
        }

        static async Task AnswerAsync(ITransportStream stream)
        {
            await using (stream)
                await stream.WriteAsync(await stream.ReadAllAsync(), end: true);
        }
    }

    [Fact]
    public async Task Data_for_one_who_does_not_read_stays_bounded_over_all_streams()
    {
        EndpointOptions options = Defaults with { StreamWindowBytes = 64 << 10, ConnectionWindowBytes = 256 << 10, ConnectionSendBytes = 1 << 20 };
        QuicEndpoint server = Ngtcp2Provider.Bind(options, null), client = Ngtcp2Provider.Bind(options, null);
        await using Pair pair = await Pair.ConnectAsync(server, client);
        var streams = new List<ITransportStream>();
        var writes = new List<Task>();
        for (int i = 0; i < 20; i++)
        {
            streams.Add(await pair.Dialled.OpenStreamAsync(Timeouts.Token()));
            writes.Add(streams[i].WriteAsync(new byte[1 << 20], end: true).AsTask());
        }

        await Timeouts.Until(() => client.Budget.HeldBytes >= 1 << 20, "the limit is reached");
        await Task.Delay(50);
        // What every stream may hold in any case comes on top.
        Assert.InRange(client.Budget.HeldBytes, 1 << 20, (1 << 20) + (21 * SendBudget.AlwaysPerStreamBytes));

        _ = Task.Run(async () =>
        {
            while (await pair.Accepted.AcceptStreamAsync() is { } stream)
                _ = stream.ReadAllAsync();
        });
        await Task.WhenAll(writes).WaitAsync(Timeouts.Limit);
    }

    [Fact]
    public void What_is_no_address_here_says_so()
    {
        var error = Assert.Throws<TransportException>(() => Ngtcp2Provider.Bind(Defaults with { Local = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0) }, null));

        Assert.Equal(TransportFailure.Local, error.Kind);
        Assert.Contains("192.0.2.1", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Ngtcp2Provider.Bind(Defaults with { MaxStreams = 0 }, null));
    }

    /// <summary>Hears nothing.</summary>
    private sealed class DeafSocket(IDatagramSocket inner) : IDatagramSocket
    {
        public int Descriptor => inner.Descriptor;

        public NetAddress Local => inner.Local;

        public bool Receive(ReceiveBatch batch)
        {
            inner.Receive(batch);
            batch.Count = 0;
            return false;
        }

        public unsafe SendOutcome Send(byte* data, int length, int datagramSize, in NetAddress to) => inner.Send(data, length, datagramSize, to);

        public void Dispose() => inner.Dispose();
    }

    /// <summary>Takes no leave: what is sent in the end does not arrive, as with a process that is killed.</summary>
    private sealed class LeavingSocket(IDatagramSocket inner) : IDatagramSocket
    {
        public volatile bool IsGone;

        public int Descriptor => inner.Descriptor;

        public NetAddress Local => inner.Local;

        public bool Receive(ReceiveBatch batch) => inner.Receive(batch);

        public unsafe SendOutcome Send(byte* data, int length, int datagramSize, in NetAddress to)
            => IsGone ? SendOutcome.Done : inner.Send(data, length, datagramSize, to);

        public void Dispose() => inner.Dispose();
    }

    /// <summary>Has no room every third time.</summary>
    private sealed class BusySocket(IDatagramSocket inner) : IDatagramSocket
    {
        private int _calls;

        public int Refusals { get; private set; }

        public int Descriptor => inner.Descriptor;

        public NetAddress Local => inner.Local;

        public bool Receive(ReceiveBatch batch) => inner.Receive(batch);

        public unsafe SendOutcome Send(byte* data, int length, int datagramSize, in NetAddress to)
        {
            if (++_calls % 3 != 0)
                return inner.Send(data, length, datagramSize, to);
            Refusals++;
            return SendOutcome.Busy;
        }

        public void Dispose() => inner.Dispose();
    }
}
