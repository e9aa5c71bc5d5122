using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Links.Tunnel;

/// <summary>A node in the middle that carries a stream and keeps all that passes.</summary>
internal sealed class SpyingRelay : IStreamHandler
{
    private readonly MemoryStream _seen = new();

    public Kind Kind => Kind.Relay;

    public Link? Target { get; set; }

    public byte[] Seen
    {
        get
        {
            lock (_seen) return _seen.ToArray();
        }
    }

    public async Task HandleAsync(InboundStream near)
    {
        var header = new StreamHeader { Version = StreamServer.Version, Kind = Kind.Relay, Relay = new Relay { PeerId = RelayDialer.Bytes(near.Link.Id), IsLast = true } };
        await using var far = await Target!.OpenAsync(header, CancellationToken.None);
        await far.Writer.FlushAsync();
        await Task.WhenAll(PassOnAsync(near.Reader, far.Writer), PassOnAsync(far.Reader, near.Writer));
    }

    private async Task PassOnAsync(FrameReader from, FrameWriter to)
    {
        while (await from.ReadAsync() is { } frame)
        {
            lock (_seen) _seen.Write(frame.Payload.Span);
            to.Write(frame.Kind, frame.Payload.Span);
            await to.FlushAsync();
        }
        await to.FlushAsync(end: true);
    }
}
