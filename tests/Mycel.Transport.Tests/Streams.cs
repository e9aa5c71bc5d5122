namespace Mycel.Transport.Tests;

/// <summary>What tests do with streams.</summary>
internal static class Streams
{
    /// <summary>Reads to the end.</summary>
    public static async Task<byte[]> ReadAllAsync(this ITransportStream stream, CancellationToken cancellation = default)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    /// <summary>Sends a request on a new stream and reads the whole answer.</summary>
    public static async Task<byte[]> AskAsync(this ITransportConnection connection, ReadOnlyMemory<byte> request, CancellationToken cancellation = default)
    {
        await using ITransportStream stream = await connection.OpenStreamAsync(cancellation);
        Task write = stream.WriteAsync(request, end: true, cancellation).AsTask();
        byte[] answer = await stream.ReadAllAsync(cancellation);
        await write;
        return answer;
    }

    /// <summary>Answers every stream of the connection with what it carries, until the connection ends.</summary>
    public static async Task EchoAsync(this ITransportConnection connection)
    {
        while (await connection.AcceptStreamAsync() is { } stream)
            _ = Task.Run(() => EchoAsync(stream));
    }

    private static async Task EchoAsync(ITransportStream stream)
    {
        await using (stream)
        {
            var buffer = new byte[32 << 10];
            try
            {
                int count;
                while ((count = await stream.ReadAsync(buffer)) > 0)
                    await stream.WriteAsync(buffer.AsMemory(0, count));
                await stream.WriteAsync(default, end: true);
            }
            catch (TransportException)
            {
                // The other end gave up.
            }
        }
    }
}
