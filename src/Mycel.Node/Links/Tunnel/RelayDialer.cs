using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;
using Mycel.Transport.Tunnel;

namespace Mycel.Node.Links.Tunnel;

/// <summary>Dials a peer through a third node that has links with both: the last resort. Also names those ways.</summary>
internal sealed class RelayDialer(LinkManager links, IRelayRules rules) : ICarrierDialer, IDetours
{
    /// <summary>Third nodes that are tried.</summary>
    public const int MaxMiddles = 3;

    private const string Prefix = "relay:";

    public Carrier Carrier => Carrier.Relay;

    public bool CanDial(string address) => address.StartsWith(Prefix, StringComparison.Ordinal);

    public IReadOnlyList<string> To(PeerId peer) =>
        [.. rules.MiddlesTo(peer).Where(m => m != peer && links.Find(m) is { } link && link.Carrier != Carrier.Relay).Take(MaxMiddles).Select(m => Prefix + m)];

    public async Task<ITransportConnection> DialAsync(string address, PeerId peer, CancellationToken cancellation)
    {
        // Own records and invites never hold such an address; one that does comes from someone who makes things up.
        if (!PeerId.TryParse(address.AsSpan(Prefix.Length), out var middle) || links.Find(middle) is not { } link) throw new LinkException("there is no link with the node in the middle");
        if (link.Carrier == Carrier.Relay) throw new LinkException("the node in the middle is itself reached through another");
        var header = new StreamHeader { Version = StreamServer.Version, Kind = Kind.Relay, Relay = new Relay { PeerId = Bytes(peer) } };
        var exchange = await link.OpenAsync(header, cancellation);
        try
        {
            await exchange.Writer.FlushAsync(cancellation: cancellation);
            await ReadAcceptanceAsync(exchange.Reader, cancellation);
        }
        catch (Exception failed)
        {
            exchange.Abort(StreamError.Cancelled);
            await exchange.DisposeAsync();
            throw failed is FrameException or RefusedException ? new LinkException(failed.Message, failed) : failed;
        }
        return await TunnelConnection.ConnectAsync(new RelayStream(exchange), TunnelSettings.For(links.Credentials), remote: null, cancellation);
    }

    /// <summary>A peer id as messages hold it.</summary>
    public static ByteString Bytes(PeerId peer)
    {
        Span<byte> bytes = stackalloc byte[PeerId.SizeBytes];
        peer.CopyTo(bytes);
        return ByteString.CopyFrom(bytes);
    }

    /// <summary>Reads the frame that says that a stream through a third node has come about.</summary>
    /// <exception cref="RefusedException">It has not.</exception>
    /// <exception cref="FrameException">It is something else.</exception>
    public static async Task ReadAcceptanceAsync(FrameReader reader, CancellationToken cancellation)
    {
        if (await reader.ReadAsync(cancellation) is not { } frame) throw new FrameException("the stream ended without an answer");
        if (frame.Kind == FrameKind.Refusal) throw new RefusedException(WireMessages.Parse(Refusal.Parser, frame.Payload));
        if (frame.Kind != FrameKind.Head) throw new FrameException($"a frame of the kind {frame.Kind} came where an acceptance was due");
    }
}
