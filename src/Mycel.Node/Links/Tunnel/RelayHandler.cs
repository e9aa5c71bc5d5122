using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;
using Mycel.Transport.Tunnel;

namespace Mycel.Node.Links.Tunnel;

/// <summary>
/// Streams through a third node: in the middle it carries them from one peer to another, and at the end it takes the tunnel within. Safe
/// for use from several threads.
/// </summary>
internal sealed partial class RelayHandler(LinkManager links, IRelayRules rules, IOptionsSource options, TimeProvider time, ILogger<RelayHandler> logger) : IStreamHandler
{
    /// <summary>Streams that are carried, and that end here, at once.</summary>
    public const int MaxStreams = 64;

    /// <summary>The same of one peer, whichever end it is.</summary>
    public const int MaxStreamsPerPeer = 8;

    /// <summary>Time for the far end to answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<PeerId, int> _places = new();
    private int _active;
    private int _carried;
    private long _relayedBytes;

    public Kind Kind => Kind.Relay;

    /// <summary>Bytes that were carried for others since the start, both directions.</summary>
    public long RelayedBytes => Interlocked.Read(ref _relayedBytes);

    /// <summary>Streams carried for others at the moment.</summary>
    public int CarriedStreams => Volatile.Read(ref _carried);

    /// <summary>Places taken at the moment: two by a stream that is carried, one by a stream that ends here.</summary>
    public int Places => Volatile.Read(ref _active);

    public async Task HandleAsync(InboundStream stream)
    {
        if (stream.Header.RequestCase != StreamHeader.RequestOneofCase.Relay || stream.Header.Relay.PeerId.Length != PeerId.SizeBytes) throw new FrameException("a request to relay names no peer");
        var named = new PeerId(stream.Header.Relay.PeerId.Span);
        if (stream.Header.Relay.IsLast) await TakeInAsync(stream, named);
        else await CarryAsync(stream, named);
    }

    /// <summary>In the middle.</summary>
    private async Task CarryAsync(InboundStream stream, PeerId target)
    {
        var asker = stream.Link.Id;
        if (WhyNot(stream.Link, target, out var link) is { } reason)
        {
            LogRefused(asker, target, reason);
            await stream.RefuseAsync(403, "relay_refused", reason);
            return;
        }
        if (!TryEnter(asker))
        {
            await RefuseAsFullAsync(stream);
            return;
        }
        try
        {
            if (!TryEnter(target))
            {
                await RefuseAsFullAsync(stream);
                return;
            }
            try
            {
                await CarryAsync(stream, link!);
            }
            finally
            {
                Leave(target);
            }
        }
        finally
        {
            Leave(asker);
        }
    }

    private async Task CarryAsync(InboundStream near, Link target)
    {
        var header = new StreamHeader
        {
            Version = StreamServer.Version,
            Kind = Kind.Relay,
            RequestId = near.Header.RequestId,
            Relay = new Relay { PeerId = RelayDialer.Bytes(near.Link.Id), IsLast = true },
        };
        await using var far = await OpenAsync(near, target, header);
        if (far is null) return;
        LogCarries(near.Link.Id, target.Id);
        Interlocked.Increment(ref _carried);
        try
        {
            await CarryAsync(near, far, target);
        }
        finally
        {
            Interlocked.Decrement(ref _carried);
        }
    }

    private async Task CarryAsync(InboundStream near, OutboundStream far, Link target)
    {
        // An end, or an abort, of either goes on to the other at once.
        var passed = new Passed();
        var there = PassOnAsync(near.Reader, far.Writer, passed, () => Abort(near, far));
        var back = PassOnAsync(far.Reader, near.Writer, passed, () => Abort(near, far));
        await using (WatchSilence(passed, () => Abort(near, far))) await Task.WhenAll(there, back);
        LogCarried(near.Link.Id, target.Id, passed.Bytes);
    }

    private async Task<OutboundStream?> OpenAsync(InboundStream near, Link target, StreamHeader header)
    {
        using var limit = new CancellationTokenSource(AnswerTimeout, time);
        OutboundStream? far = null;
        try
        {
            far = await target.OpenAsync(header, limit.Token);
            await far.Writer.FlushAsync(cancellation: limit.Token);
            await RelayDialer.ReadAcceptanceAsync(far.Reader, limit.Token);
            near.Writer.Write(FrameKind.Head, default);
            await near.Writer.FlushAsync();
            return far;
        }
        catch (Exception failed) when (failed is TransportException or FrameException or RefusedException or OperationCanceledException)
        {
            if (far is not null)
            {
                far.Abort(StreamError.Cancelled);
                await far.DisposeAsync();
            }
            if (failed is RefusedException { Refusal: var refusal }) await near.RefuseAsync(refusal);
            else await near.RefuseAsync(502, "peer_unreachable", "The node in the middle could not reach the other one.");
            return null;
        }
    }

    /// <summary>Copies frames until their end.</summary>
    private async Task PassOnAsync(FrameReader from, FrameWriter to, Passed passed, Action abort)
    {
        try
        {
            while (await from.ReadAsync() is { } frame)
            {
                if (frame.Kind != FrameKind.Data) throw new FrameException("only bytes are carried");
                passed.Add(frame.Payload.Length);
                Interlocked.Add(ref _relayedBytes, frame.Payload.Length);
                to.Write(FrameKind.Data, frame.Payload.Span);
                await to.FlushAsync();
            }
            await to.FlushAsync(end: true);
        }
        catch (Exception failed) when (failed is TransportException or FrameException)
        {
            abort();
        }
    }

    /// <summary>A stream on which nothing passes for too long carries no tunnel that lives: those have signs of life.</summary>
    private ITimer WatchSilence(Passed passed, Action abort)
    {
        var seen = -1L;
        return time.CreateTimer(
            _ =>
            {
                var now = passed.Bytes;
                if (Interlocked.Exchange(ref seen, now) == now) abort();
            },
            null, 2 * LinkDoor.IdleTimeout, 2 * LinkDoor.IdleTimeout);
    }

    /// <summary>At the end.</summary>
    private async Task TakeInAsync(InboundStream stream, PeerId asker)
    {
        var middle = stream.Link;
        if (middle.Carrier == Carrier.Relay || !rules.MayBring(middle.Id) || asker == middle.Id)
        {
            await stream.RefuseAsync(403, "relay_refused", "The node to be reached takes nobody from the one in the middle.");
            return;
        }
        if (!TryEnter(middle.Id))
        {
            await RefuseAsFullAsync(stream);
            return;
        }
        try
        {
            await RunTunnelAsync(stream, asker);
        }
        finally
        {
            Leave(middle.Id);
        }
    }

    private async Task RunTunnelAsync(InboundStream stream, PeerId asker)
    {
        stream.Writer.Write(FrameKind.Head, default);
        await stream.Writer.FlushAsync();
        var carrier = new RelayStream(stream);
        try
        {
            var connection = await TunnelConnection.AcceptAsync(carrier, TunnelSettings.For(links.Credentials));
            if (PeerOf(connection) != asker)
            {
                await connection.CloseAsync((long)LinkError.NotWanted, "the node in the middle named another");
                await connection.DisposeAsync();
            }
            else
            {
                links.AddConnection(connection, Carrier.Relay, isDialled: false);
            }
        }
        catch (TransportException failed)
        {
            LogNotTaken(asker, stream.Link.Id, failed.Message);
        }
        await carrier.Completed;
    }

    private PeerId? PeerOf(ITransportConnection connection)
    {
        try
        {
            return links.Credentials.PeerOf(connection).PeerId;
        }
        catch (StatementException)
        {
            return null;
        }
    }

    private string? WhyNot(Link asker, PeerId target, out Link? link)
    {
        link = null;
        if (!options.Current.Links.Relay) return "This node carries no streams for others (links.relay).";
        if (target == asker.Id) return "A node cannot be relayed to itself.";
        link = links.Find(target);
        if (link is null) return "The node in the middle has no link with the other one.";
        // Chains would let a stream run in a circle, and cost every node on the way.
        if (asker.Carrier == Carrier.Relay || link.Carrier == Carrier.Relay) return "One of the two is itself reached through another node.";
        return rules.WhyNot(asker.Id, target);
    }

    private bool TryEnter(PeerId peer)
    {
        var active = Interlocked.Increment(ref _active);
        // Both ends of a carried stream take a place.
        if (_places.AddOrUpdate(peer, 1, static (_, count) => count + 1) <= MaxStreamsPerPeer && active <= 2 * MaxStreams) return true;
        Leave(peer);
        return false;
    }

    private void Leave(PeerId peer)
    {
        Interlocked.Decrement(ref _active);
        _places.AddOrUpdate(peer, 0, static (_, count) => count - 1);
        _places.TryRemove(KeyValuePair.Create(peer, 0));
    }

    /// <summary>Bytes of one stream, both directions.</summary>
    private sealed class Passed
    {
        private long _bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        public void Add(int bytes) => Interlocked.Add(ref _bytes, bytes);
    }

    private static void Abort(InboundStream near, OutboundStream far)
    {
        near.Abort(StreamError.Broken);
        far.Abort(StreamError.Broken);
    }

    private static ValueTask RefuseAsFullAsync(InboundStream stream) =>
        stream.RefuseAsync(503, "relay_full", "The node in the middle carries as many streams as it may.", retryAfterSeconds: 10);

    [LoggerMessage(Level = LogLevel.Information, Message = "carries a stream from {Asker} to {Target}")]
    private partial void LogCarries(PeerId asker, PeerId target);

    [LoggerMessage(Level = LogLevel.Information, Message = "the stream from {Asker} to {Target} has ended after {Bytes} bytes")]
    private partial void LogCarried(PeerId asker, PeerId target, long bytes);

    [LoggerMessage(Level = LogLevel.Debug, Message = "did not relay {Asker} to {Target}: {Reason}")]
    private partial void LogRefused(PeerId asker, PeerId target, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "a tunnel from {Asker} through {Middle} did not come about: {Reason}")]
    private partial void LogNotTaken(PeerId asker, PeerId middle, string reason);
}
