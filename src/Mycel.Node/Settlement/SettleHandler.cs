using System.Collections.Concurrent;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>Answers what peers could not settle on a request's own stream: signs what this node owes, and takes what it is paid.</summary>
internal sealed class SettleHandler(CreditRoom room, IPeerBook book, TimeProvider time, ILogger<SettleHandler> logger) : IStreamHandler
{
    /// <summary>Receipts in one exchange.</summary>
    public const int MaxReceipts = 64;

    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<PeerId, bool> _busy = new();

    public Kind Kind => Kind.Settle;

    public async Task HandleAsync(InboundStream stream)
    {
        if (book.StandingOf(stream.Link.Id, out var whyNot) is null)
        {
            await stream.RefuseAsync(403, "not_allowed", whyNot ?? "This node does not know you.");
            return;
        }
        if (!_busy.TryAdd(stream.Link.Id, true))
        {
            await stream.RefuseAsync(429, "busy", "This node settles with you already. Wait for that to end.", retryAfterSeconds: 1);
            return;
        }
        try
        {
            using var limit = new CancellationTokenSource(ReadTime, time);
            var message = await stream.ReadMessageAsync(Settle.Parser, limit.Token);
            if (message is null || message.Receipts.Count + message.Countersigned.Count is 0 or > MaxReceipts) throw new FrameException("what is to be settled is missing, or more than one exchange has");
            if (await room.ReadyAsync() is not { } books)
            {
                await stream.RefuseAsync(CreditRoom.NotOpen.Status, CreditRoom.NotOpen.Code, CreditRoom.NotOpen.Message, retryAfterSeconds: 1);
                return;
            }
            stream.Write(await Task.Run(() => AnswerAsync(books, message, stream.Link.Id)));
            await stream.Writer.FlushAsync(end: true);
        }
        finally
        {
            _busy.TryRemove(stream.Link.Id, out _);
        }
    }

    private async Task<SettleAnswer> AnswerAsync(CreditBooks books, Settle message, PeerId peer)
    {
        var answer = new SettleAnswer();
        foreach (var claim in message.Receipts) answer.Results.Add(await SignAsync(books, claim, peer));
        foreach (var settled in message.Countersigned) answer.Results.Add(await TakeAsync(books, settled, peer));
        return answer;
    }

    private async Task<SettleResult> SignAsync(CreditBooks books, ByteString claim, PeerId peer)
    {
        try
        {
            var signed = await books.Payer.CountersignLaterAsync(claim.Memory);
            if (signed.Refusal is { } refusal) return new SettleResult { Reason = refusal.Message, Code = refusal.Code };
            return new SettleResult { Countersignature = UnsafeByteOperations.UnsafeWrap(signed.Countersignature) };
        }
        catch (Exception error) when (error is LedgerException or StatementException)
        {
            return new SettleResult { Reason = PeerReason.Of(error, peer, logger) };
        }
    }

    private async Task<SettleResult> TakeAsync(CreditBooks books, ByteString settled, PeerId peer)
    {
        try
        {
            await books.Provider.TakeSettledAsync(settled.Memory);
            return new SettleResult { IsTaken = true };
        }
        catch (Exception error) when (error is LedgerException or StatementException)
        {
            return new SettleResult { Reason = PeerReason.Of(error, peer, logger) };
        }
    }
}
