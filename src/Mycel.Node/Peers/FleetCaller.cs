using System.Buffers;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Peers;

/// <summary>Calls the interface of another node of the same account.</summary>
internal sealed class FleetCaller(IPeerBook book, ILinks links)
{
    /// <summary>Fewest characters by which a node's id may be given.</summary>
    private const int MinIdPrefix = 4;

    /// <summary>The account's nodes that are known, this one not among them.</summary>
    public IReadOnlyList<PeerInfo> Nodes => [.. book.All.Where(p => p.IsOwn).OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase)];

    /// <summary>The node of a name, or whose id begins so; null where there is none, or several.</summary>
    public PeerInfo? Find(string nameOrId)
    {
        var named = Nodes.Where(p => string.Equals(p.Name, nameOrId, StringComparison.OrdinalIgnoreCase)).ToList();
        if (named.Count == 1) return named[0];
        if (nameOrId.Length < MinIdPrefix) return null;
        var byId = Nodes.Where(p => p.Id.ToString().StartsWith(nameOrId, StringComparison.OrdinalIgnoreCase)).ToList();
        return byId.Count == 1 ? byId[0] : null;
    }

    /// <summary>Passes a call on.</summary>
    /// <param name="node">The node.</param>
    /// <param name="call">The call.</param>
    /// <param name="body">Its body; may be empty.</param>
    /// <param name="start">Told the head of the answer.</param>
    /// <param name="write">Given its body, piece by piece.</param>
    /// <param name="cancellation">Ends it here and there.</param>
    /// <exception cref="LinkException">The node cannot be reached.</exception>
    /// <exception cref="RefusedException">It refuses.</exception>
    /// <exception cref="IOException">The link broke, or the answer is malformed.</exception>
    public async Task CallAsync(PeerId node, AdminCall call, ReadOnlyMemory<byte> body, Action<ResponseHead> start, Func<ReadOnlyMemory<byte>, Task> write, CancellationToken cancellation)
    {
        var link = await links.ConnectAsync(node, book.Find(node)?.Addresses ?? [], cancellation);
        await using var stream = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Admin, Admin = call }, cancellation);
        await using var hangUp = cancellation.UnsafeRegister(static s => ((OutboundStream)s!).Abort(StreamError.Cancelled), stream);
        stream.Writer.Write(body.Span);
        stream.Writer.Write(FrameKind.Trailer, []);
        try
        {
            await stream.Writer.FlushAsync(cancellation: cancellation);
        }
        catch (TransportException refused) when (refused.Kind == TransportFailure.Application)
        {
            // It answers before it has read all, and takes no more: the answer may be there already.
        }
        while (await stream.Reader.ReadAsync(cancellation) is { } frame)
        {
            switch (frame.Kind)
            {
                case FrameKind.Head:
                    start(WireMessages.Parse(ResponseHead.Parser, frame.Payload));
                    break;
                case FrameKind.Data:
                    await write(frame.Payload);
                    break;
                case FrameKind.Refusal:
                    throw new RefusedException(WireMessages.Parse(Refusal.Parser, frame.Payload));
                case FrameKind.Trailer:
                    await stream.FinishAsync();
                    return;
                default:
                    throw new FrameException($"a frame of the kind {frame.Kind} came where none was due");
            }
        }
        throw new FrameException("the answer ended before it was whole");
    }
}
