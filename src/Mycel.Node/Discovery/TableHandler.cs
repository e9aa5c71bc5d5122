using Mycel.Dht;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport.Frames;

namespace Mycel.Node.Discovery;

/// <summary>Takes the messages of the table that linked peers send. Nothing is answered on their streams: an answer is a message of its own.</summary>
/// <param name="table">Asked for with the first message: it needs the links, and those need their handlers first.</param>
/// <param name="peers">Who belongs here.</param>
internal sealed class TableHandler(Func<PeerTable> table, IPeerBook peers) : IStreamHandler
{
    public Kind Kind => Kind.Dht;

    public async Task HandleAsync(InboundStream stream)
    {
        if (peers.StandingOf(stream.Link.Id, out var whyNot) is null)
        {
            await stream.RefuseAsync(403, "not_allowed", whyNot ?? "Messages of the table of peers are taken from members only: greet first.");
            return;
        }

        while (await stream.Reader.ReadAsync() is { } frame)
        {
            if (frame.Kind != FrameKind.Message) throw new FrameException($"a frame of the kind {frame.Kind} came where a message of the table was due");
            if (frame.Payload.Length > DhtLimits.MaxMessageBytes) throw new FrameException($"a message of the table has more than {DhtLimits.MaxMessageBytes:N0} bytes");
            // The frame's memory is used again by the next.
            if (table().TryReceive(stream.Link, frame.Payload.ToArray())) continue;
            await stream.RefuseAsync(404, "not_found", "This node takes no part in the table of peers.");
            return;
        }

        await stream.Writer.FlushAsync(end: true);
    }
}
