using System.Collections.Concurrent;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>Keeps the ledger of networks: takes settled receipts of members, and answers with their standing.</summary>
internal sealed class ClearHandler(CreditRoom room, IPeerBook book, ClearingPlaces places, MemberLines lines, TimeProvider time, ILogger<ClearHandler> logger) : IStreamHandler
{
    /// <summary>Memberships in one exchange.</summary>
    public const int MaxMemberships = 256;

    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<PeerId, bool> _busy = new();

    public Kind Kind => Kind.Clear;

    public async Task HandleAsync(InboundStream stream)
    {
        if (book.StandingOf(stream.Link.Id, out var whyNot) is not { } standing)
        {
            await stream.RefuseAsync(403, "not_allowed", whyNot ?? "This node does not know you.");
            return;
        }
        if (!_busy.TryAdd(stream.Link.Id, true))
        {
            await stream.RefuseAsync(429, "busy", "This node clears for you already. Wait for that to end.", retryAfterSeconds: 1);
            return;
        }
        try
        {
            using var limit = new CancellationTokenSource(ReadTime, time);
            var message = await ReadAsync(stream, limit.Token);
            if (message.NetworkId.Length != PeerId.SizeBytes) throw new FrameException("a network's id has another length");
            await AnswerAsync(stream, standing, new NetworkId(new PeerId(message.NetworkId.Span)), message);
        }
        finally
        {
            _busy.TryRemove(stream.Link.Id, out _);
        }
    }

    /// <summary>Puts the messages of an exchange together.</summary>
    private static async Task<Clear> ReadAsync(InboundStream stream, CancellationToken cancellation)
    {
        var all = await stream.ReadMessageAsync(Clear.Parser, cancellation) ?? throw new FrameException("what is to be cleared is missing");
        while (await stream.ReadMessageAsync(Clear.Parser, cancellation) is { } more)
        {
            all.Receipts.Add(more.Receipts);
            all.Memberships.Add(more.Memberships);
            if (all.Receipts.Count > ClearingBook.MaxReceipts || all.Memberships.Count > MaxMemberships) break;
        }
        if (all.Receipts.Count > ClearingBook.MaxReceipts || all.Memberships.Count > MaxMemberships) throw new FrameException("more is to be cleared than one exchange has");
        return all;
    }

    private async Task AnswerAsync(InboundStream stream, PeerStanding standing, NetworkId network, Clear message)
    {
        if (!places.Keeps(network))
        {
            await stream.RefuseAsync(404, "not_found", "This node does not keep that network's ledger.");
            return;
        }
        // A device of the own account is a member wherever this node is.
        if (!standing.IsOwn && !standing.Networks.ContainsKey(network))
        {
            await stream.RefuseAsync(403, "not_allowed", "You are no member of that network.");
            return;
        }
        if (await room.ReadyAsync() is not { } books)
        {
            await stream.RefuseAsync(CreditRoom.NotOpen.Status, CreditRoom.NotOpen.Code, CreditRoom.NotOpen.Message, retryAfterSeconds: 1);
            return;
        }
        try
        {
            var reply = await Task.Run(() => ClearAsync(books, stream, network, message));
            if (reply.Refusal is { } refusal) await stream.RefuseAsync(refusal.Status, refusal.Code, refusal.Message);
            else
            {
                stream.Write(WireOf(reply));
                await stream.Writer.FlushAsync(end: true);
            }
        }
        catch (LedgerException failed)
        {
            await stream.RefuseAsync(503, "storage_failed", PeerReason.Of(failed, stream.Link.Id, logger), retryAfterSeconds: 5);
        }
    }

    private Task<ClearingReply> ClearAsync(CreditBooks books, InboundStream stream, NetworkId network, Clear message)
    {
        foreach (var membership in message.Memberships)
        {
            try
            {
                lines.Take(network, membership.Span);
            }
            catch (StatementException)
            {
                // What does not count gives nothing: a receipt that would need it waits.
            }
        }
        return books.Clearing.SubmitAsync(
            network, stream.Link.Peer.Certificate, [.. message.Receipts.Select(receipt => receipt.Memory)], (long)Math.Min(message.KnownProofs, long.MaxValue), (long)Math.Min(message.KnownEntries, long.MaxValue));
    }

    private static Cleared WireOf(ClearingReply reply)
    {
        var cleared = new Cleared { Standing = UnsafeByteOperations.UnsafeWrap(reply.Standing), ProofCount = (ulong)reply.ProofCount, KnownHead = UnsafeByteOperations.UnsafeWrap(reply.KnownHead) };
        cleared.Results.AddRange(reply.Results.Select(result => new ClearResult { Outcome = (ClearResult.Types.Outcome)result.Outcome, Entry = result.Entry, Reason = result.Reason }));
        cleared.Proofs.AddRange(reply.Proofs.Select(proof => UnsafeByteOperations.UnsafeWrap(proof)));
        return cleared;
    }
}
