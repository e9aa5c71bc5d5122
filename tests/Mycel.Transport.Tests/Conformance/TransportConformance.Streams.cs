using System.Security.Cryptography;

namespace Mycel.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    [Fact]
    public async Task Either_end_opens_streams()
    {
        await using Pair pair = await ConnectAsync();
        _ = pair.Accepted.EchoAsync();
        Assert.Equal("up"u8.ToArray(), await pair.Dialled.AskAsync("up"u8.ToArray(), Timeouts.Token()));

        await using ITransportStream opened = await pair.Accepted.OpenStreamAsync(Timeouts.Token());
        await opened.WriteAsync("down"u8.ToArray(), end: true, Timeouts.Token());
        await using ITransportStream? accepted = await pair.Dialled.AcceptStreamAsync(Timeouts.Token());

        Assert.NotNull(accepted);
        Assert.Equal("down"u8.ToArray(), await accepted.ReadAllAsync(Timeouts.Token()));
        Assert.Equal(opened.Id, accepted.Id);
    }

    [Fact]
    public async Task A_stream_is_seen_with_its_first_byte_or_its_end()
    {
        await using Pair pair = await ConnectAsync();
        Task<ITransportStream?> accept = pair.Accepted.AcceptStreamAsync(Timeouts.Token()).AsTask();

        await using ITransportStream? unused = OpensLazily ? await pair.Dialled.OpenStreamAsync(Timeouts.Token()) : null;
        await using ITransportStream empty = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await Task.Delay(50);
        Assert.False(accept.IsCompleted);
        await empty.WriteAsync(default, end: true, Timeouts.Token());

        await using ITransportStream? accepted = await accept;
        Assert.NotNull(accepted);
        Assert.Empty(await accepted.ReadAllAsync(Timeouts.Token()));
    }

    [Fact]
    public async Task Each_direction_ends_by_itself()
    {
        await using Pair pair = await ConnectAsync();
        await using ITransportStream client = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await client.WriteAsync("question"u8.ToArray(), end: true, Timeouts.Token());
        await using ITransportStream server = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;

        Assert.Equal("question"u8.ToArray(), await server.ReadAllAsync(Timeouts.Token()));
        await server.WriteAsync("an"u8.ToArray(), cancellation: Timeouts.Token());
        var part = new byte[2];
        Assert.Equal(2, await client.ReadAsync(part, Timeouts.Token()));
        await server.WriteAsync("swer"u8.ToArray(), end: true, Timeouts.Token());

        Assert.Equal("swer"u8.ToArray(), await client.ReadAllAsync(Timeouts.Token()));
        Assert.Equal(0, await client.ReadAsync(part, Timeouts.Token()));
        await client.WritesClosed.WaitAsync(Timeouts.Limit);
        await server.WritesClosed.WaitAsync(Timeouts.Limit);
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.WriteAsync("more"u8.ToArray()).AsTask());
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        await using Pair pair = await ConnectAsync();
        await using ITransportStream client = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await client.WriteAsync("1"u8.ToArray());
        await using ITransportStream server = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;
        var buffer = new byte[8];
        Assert.Equal(1, await server.ReadAsync(buffer, Timeouts.Token()));

        using (var cancellation = new CancellationTokenSource())
        {
            Task<int> read = server.ReadAsync(buffer, cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        }

        await client.WriteAsync("23"u8.ToArray(), end: true);
        Assert.Equal("23"u8.ToArray(), await server.ReadAllAsync(Timeouts.Token()));
    }

    [Fact]
    public async Task Aborted_writing_is_seen_by_the_reader_with_its_code()
    {
        await using Pair pair = await ConnectAsync();
        await using ITransportStream client = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await client.WriteAsync("part"u8.ToArray());
        await using ITransportStream server = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;
        var buffer = new byte[8];
        await server.ReadAsync(buffer, Timeouts.Token());
        Task<int> read = server.ReadAsync(buffer).AsTask();

        client.AbortWrite(77);

        TransportException error = await FailsAsync(() => read);
        Assert.Equal((TransportFailure.Application, 77L), (error.Kind, error.Code));
        Assert.Equal(TransportFailure.Local, (await FailsAsync(() => client.WriteAsync(buffer).AsTask())).Kind);
    }

    [Fact]
    public async Task Aborted_reading_is_seen_by_the_writer_with_its_code()
    {
        await using Pair pair = await ConnectAsync();
        await using ITransportStream client = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        await client.WriteAsync("question"u8.ToArray(), end: true);
        await using ITransportStream server = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;
        await server.ReadAllAsync(Timeouts.Token());

        client.AbortRead(78);

        // Noticed although nothing is written: a long computation would go on for nobody.
        TransportException error = await FailsAsync(() => server.WritesClosed);
        Assert.Equal((TransportFailure.Application, 78L), (error.Kind, error.Code));
        Assert.Equal(78, (await FailsAsync(() => server.WriteAsync("answer"u8.ToArray()).AsTask())).Code);
        Assert.Equal(TransportFailure.Local, (await FailsAsync(() => client.ReadAsync(new byte[1]).AsTask())).Kind);
    }

    [Fact]
    public async Task A_writer_that_waits_learns_that_the_reader_went()
    {
        await using Pair pair = await ConnectAsync(Defaults with { StreamWindowBytes = 64 << 10, StreamSendBytes = 64 << 10 });
        await using ITransportStream client = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        Task write = client.WriteAsync(new byte[8 << 20]).AsTask();
        await using ITransportStream server = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;
        await server.ReadAsync(new byte[100], Timeouts.Token());
        Assert.False(write.IsCompleted);

        server.AbortRead(79);
        server.AbortWrite(79);

        await FailsAsync(() => write);
    }

    [Fact]
    public async Task Writers_wait_for_readers_and_every_byte_arrives()
    {
        const int Chunk = 100_000, Chunks = 400;
        await using Pair pair = await ConnectAsync(Defaults with { StreamWindowBytes = 256 << 10, StreamSendBytes = 512 << 10 });
        await using ITransportStream client = await pair.Dialled.OpenStreamAsync(Timeouts.Token());
        long written = 0;
        Task<byte[]> write = Task.Run(() => WriteHashedAsync(client, Chunk, Chunks, 1, count => Interlocked.Add(ref written, count)));
        await using ITransportStream server = (await pair.Accepted.AcceptStreamAsync(Timeouts.Token()))!;

        await Timeouts.Until(() => Interlocked.Read(ref written) >= 300_000, "the writer fills what there is room for");
        await Task.Delay(100);
        Assert.InRange(Interlocked.Read(ref written), 1, 4 << 20);

        Task<byte[]> back = Task.Run(() => WriteHashedAsync(server, Chunk, Chunks, 2, _ => { }));
        byte[][] hashes = await Task.WhenAll(HashAsync(server), HashAsync(client), write, back).WaitAsync(Timeouts.Limit);
        Assert.Equal(hashes[2], hashes[0]);
        Assert.Equal(hashes[3], hashes[1]);
    }

    private static async Task<byte[]> WriteHashedAsync(ITransportStream stream, int chunk, int chunks, int seed, Action<int> wrote)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        var buffer = new byte[chunk];
        for (int i = 0; i < chunks; i++)
        {
            int count = random.Next(1, chunk);
            random.NextBytes(buffer.AsSpan(0, count));
            hash.AppendData(buffer, 0, count);
            await stream.WriteAsync(buffer.AsMemory(0, count), end: i == chunks - 1);
            wrote(count);
        }

        return hash.GetHashAndReset();
    }

    private static async Task<byte[]> HashAsync(ITransportStream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[50_000];
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0)
            hash.AppendData(buffer, 0, count);
        return hash.GetHashAndReset();
    }
}
