namespace Mycel.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    [Fact]
    public async Task A_close_is_seen_with_its_code_and_ends_all_that_waits()
    {
        await using Pair pair = await ConnectAsync();
        await using ITransportStream stream = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await stream.WriteAsync("x"u8.ToArray());
        await using ITransportStream other = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;
        await other.ReadAsync(new byte[1], Timeouts.Token());
        Task<int> read = other.ReadAsync(new byte[1]).AsTask();
        Task<ITransportStream?> accept = pair.Accepted.AcceptStreamAsync().AsTask();

        await pair.Dialled.CloseAsync(4711, "going to sleep");

        TransportEnd far = await pair.Accepted.Closed.WaitAsync(Timeouts.Limit), near = await pair.Dialled.Closed.WaitAsync(Timeouts.Limit);
        Assert.Equal((TransportFailure.Application, 4711L), (far.Kind, far.Code));
        Assert.Equal((TransportFailure.Local, 4711L), (near.Kind, near.Code));
        if (CarriesReason)
            Assert.Equal("going to sleep", far.Reason);
        TransportException error = await FailsAsync(() => read);
        Assert.Equal((TransportFailure.Application, 4711L), (error.Kind, error.Code));
        Assert.Null(await accept.WaitAsync(Timeouts.Limit));
        await FailsAsync(() => pair.Accepted.OpenStreamAsync().AsTask());
        await FailsAsync(() => pair.Dialled.OpenStreamAsync().AsTask());
        Assert.Null(await pair.Dialled.AcceptStreamAsync(Timeouts.Token()));
        await pair.Dialled.CloseAsync(1, "again");
    }

    [Fact]
    public async Task A_peer_that_is_gone_without_a_word_is_noticed_when_idle()
    {
        EndpointOptions options = Defaults with { IdleTimeout = TimeSpan.FromMilliseconds(600), KeepAlive = TimeSpan.FromMilliseconds(200) };
        await using ITransportEndpoint server = await BindAsync(options), client = await BindAsync(options);
        using IProxy proxy = CreateProxy(server.LocalEndPoint);
        await using Pair pair = await Pair.ConnectAsync(server, client, proxy.EndPoint);
        _ = pair.Accepted.EchoAsync();
        await pair.Dialled.AskAsync("still here"u8.ToArray(), Timeouts.Token());
        // Longer than the idle timeout: signs of life keep it.
        await Task.Delay(1000);
        Assert.False(pair.Dialled.Closed.IsCompleted || pair.Accepted.Closed.IsCompleted);

        proxy.IsCut = true;

        Assert.Equal(TransportFailure.Timeout, (await pair.Dialled.Closed.WaitAsync(Timeouts.Limit)).Kind);
        Assert.Equal(TransportFailure.Timeout, (await pair.Accepted.Closed.WaitAsync(Timeouts.Limit)).Kind);
    }

    [Fact]
    public async Task A_peer_that_is_gone_without_a_word_is_noticed_sooner_while_streams_are_open()
    {
        EndpointOptions options = Defaults with { SilenceTimeout = TimeSpan.FromMilliseconds(500) };
        await using ITransportEndpoint server = await BindAsync(options), client = await BindAsync(options);
        using IProxy proxy = CreateProxy(server.LocalEndPoint);
        await using Pair pair = await Pair.ConnectAsync(server, client, proxy.EndPoint);
        await using ITransportStream stream = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await stream.WriteAsync("a question that takes long"u8.ToArray(), end: true);
        await using ITransportStream? accepted = await pair.Accepted.AcceptStreamAsync(Timeouts.Token());
        Task<int> read = stream.ReadAsync(new byte[1]).AsTask();
        // Longer than the limit: the peer is silent but there.
        await Task.Delay(1000);
        Assert.False(read.IsCompleted);

        proxy.IsCut = true;

        Assert.Equal(TransportFailure.Timeout, (await FailsAsync(() => read)).Kind);
        Assert.Equal(TransportFailure.Timeout, (await pair.Dialled.Closed.WaitAsync(Timeouts.Limit)).Kind);
    }

    [Fact]
    public async Task A_connection_survives_a_new_address_of_the_client()
    {
        Assert.SkipUnless(FollowsAddresses, $"{Provider.Name}: a connection belongs to the addresses it began with.");
        await using ITransportEndpoint server = await BindAsync(), client = await BindAsync();
        using var proxy = new UdpProxy(server.LocalEndPoint);
        await using Pair pair = await Pair.ConnectAsync(server, client, proxy.EndPoint);
        _ = pair.Accepted.EchoAsync();
        int before = pair.Accepted.RemoteEndPoint.Port;
        var body = new byte[20_000];
        for (int i = 0; i < 60; i++)
        {
            if (i == 20)
                proxy.Rebind();
            Random.Shared.NextBytes(body);
            Assert.Equal(body, await pair.Dialled.AskAsync(body, Timeouts.Token()));
        }

        Assert.NotEqual(before, pair.Accepted.RemoteEndPoint.Port);
    }

    [Fact]
    public async Task Disposing_of_an_endpoint_ends_everything_that_waits()
    {
        Pair pair = await ConnectAsync(Defaults with { MaxStreams = 1, StreamSendBytes = 64 << 10, StreamWindowBytes = 64 << 10 });
        ITransportStream stream = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        Task write = stream.WriteAsync(new byte[4 << 20]).AsTask();
        Task<int> read = stream.ReadAsync(new byte[1]).AsTask();
        Task open = pair.Dialled.OpenStreamAsync().AsTask();
        Task<ITransportStream?> acceptStream = pair.Dialled.AcceptStreamAsync().AsTask();
        Task accept = pair.Client.AcceptAsync().AsTask();
        Task writesClosed = stream.WritesClosed;

        await pair.Client.DisposeAsync().AsTask().WaitAsync(Timeouts.Limit);

        await FailsAsync(() => write);
        await FailsAsync(() => read);
        await FailsAsync(() => open);
        await FailsAsync(() => writesClosed);
        Assert.Null(await acceptStream.WaitAsync(Timeouts.Limit));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => accept.WaitAsync(Timeouts.Limit));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.Client.ConnectAsync(pair.Server.LocalEndPoint).AsTask().WaitAsync(Timeouts.Limit));
        Assert.Equal(TransportFailure.Application, (await pair.Accepted.Closed.WaitAsync(Timeouts.Limit)).Kind);
        await stream.DisposeAsync();
        await pair.Dialled.DisposeAsync();
        await pair.DisposeAsync();
        Assert.True(HoldsNothing(pair.Client));
    }

    [Fact]
    public async Task Endpoints_can_be_disposed_of_at_any_moment()
    {
        for (int i = 0; i < 30; i++)
        {
            ITransportEndpoint server = await BindAsync(), client = await BindAsync();
            Task work = Task.Run(async () =>
            {
                try
                {
                    Task<ITransportConnection> accept = server.AcceptAsync().AsTask();
                    ITransportConnection connection = await client.ConnectAsync(server.LocalEndPoint);
                    _ = (await accept).EchoAsync();
                    while (true)
                        await connection.AskAsync(new byte[1000]);
                }
                catch (Exception error) when (error is TransportException or ObjectDisposedException)
                {
                    // Disposed of below.
                }
            });
            await Task.Delay(i);
            await (i % 2 == 0 ? server : client).DisposeAsync().AsTask().WaitAsync(Timeouts.Limit);
            await server.DisposeAsync();
            await client.DisposeAsync();
            await work.WaitAsync(Timeouts.Limit);
        }
    }

    [Fact]
    public async Task Ending_one_connection_leaves_the_others_in_peace()
    {
        await using Pair pair = await ConnectAsync();
        _ = pair.Accepted.EchoAsync();
        Task<ITransportConnection> accept = pair.Server.AcceptAsync(Timeouts.Token()).AsTask();
        ITransportConnection second = await pair.Client.ConnectAsync(pair.Server.LocalEndPoint, Timeouts.Token());
        _ = (await accept).EchoAsync();

        await second.DisposeAsync();

        Assert.Equal("fine"u8.ToArray(), await pair.Dialled.AskAsync("fine"u8.ToArray(), Timeouts.Token()));
    }
}
