using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Links.Tunnel;

/// <summary>What the tests of tunnels ask over links.</summary>
internal static class Exchanges
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Sends bytes there and back.</summary>
    public static async Task EchoAsync(this Link link, int bytes)
    {
        var body = new byte[bytes];
        Random.Shared.NextBytes(body);
        await using var stream = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Admin }, Cancellation);
        var write = WriteAsync();
        using var answer = new MemoryStream();
        while (await stream.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Limit, Cancellation) is { } frame) answer.Write(frame.Payload.Span);
        await write;
        Assert.True(answer.ToArray().AsSpan().SequenceEqual(body), "what came back is not what was sent");

        async Task WriteAsync()
        {
            for (var at = 0; at < bytes; at += 50_000)
            {
                stream.Writer.Write(FrameKind.Data, body.AsSpan(at, Math.Min(50_000, bytes - at)));
                await stream.Writer.FlushAsync(cancellation: Cancellation);
            }
            await stream.Writer.FlushAsync(end: true, Cancellation);
        }
    }

    /// <summary>Asks a node to relay to another; the stream, and the first frame of its answer.</summary>
    public static async Task<(OutboundStream Stream, FrameKind Kind, Refusal? Refusal)> AskToRelayAsync(this Link link, PeerId target, bool isLast = false)
    {
        var header = new StreamHeader { Version = StreamServer.Version, Kind = Kind.Relay, Relay = new Relay { PeerId = RelayDialer.Bytes(target), IsLast = isLast } };
        var stream = await link.OpenAsync(header, Cancellation);
        await stream.Writer.FlushAsync(cancellation: Cancellation);
        var frame = (await stream.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Limit, Cancellation))!.Value;
        return (stream, frame.Kind, frame.Kind == FrameKind.Refusal ? Refusal.Parser.ParseFrom(frame.Payload.Span) : null);
    }

    public static async Task<T> UntilAsync<T>(Func<T?> look)
        where T : class
    {
        var deadline = DateTime.UtcNow + Limit;
        while (true)
        {
            if (look() is { } found) return found;
            Assert.True(DateTime.UtcNow < deadline, "it did not come about");
            await Task.Delay(10, Cancellation);
        }
    }
}
