using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>Settles with a peer what requests' own streams did not.</summary>
internal sealed partial class SettleCall(TimeProvider time, ILogger<SettleCall> logger)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(60);

    /// <summary>Shows the peer everything that is due to it, in parts.</summary>
    /// <returns>Whether nothing is due any more.</returns>
    public async Task<bool> RunAsync(CreditBooks books, Link link, CancellationToken cancellation)
    {
        var isAllSettled = true;
        SettleCursor cursor = default;
        while (!cancellation.IsCancellationRequested)
        {
            var batch = await books.Outbox.DueToPeerAsync(link.Id, cursor, cancellation);
            if (batch.Claims.Count + batch.Settled.Count == 0) return isAllSettled;
            isAllSettled &= await SettleAsync(books, link, batch, cancellation);
            if (!batch.HasMore) return isAllSettled;
            cursor = batch.Cursor;
        }
        return false;
    }

    private async Task<bool> SettleAsync(CreditBooks books, Link link, SettleBatch batch, CancellationToken cancellation)
    {
        var answer = await AskAsync(link, batch, cancellation);
        var isAllSettled = true;
        for (var i = 0; i < batch.Claims.Count; i++) isAllSettled &= await TakeAsync(books, batch.Claims[i].Id, answer.Results[i]);
        for (var i = 0; i < batch.Settled.Count; i++)
        {
            var result = answer.Results[batch.Claims.Count + i];
            // What the peer said is written down, also during a stop.
            if (result.IsTaken) await books.Payer.AcknowledgeAsync(batch.Settled[i].Id, CancellationToken.None);
            isAllSettled &= result.IsTaken;
        }
        return isAllSettled;
    }

    private async Task<SettleAnswer> AskAsync(Link link, SettleBatch batch, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        await using var stream = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Settle }, either.Token);
        // A peer that reads nothing holds up the writing too.
        using var ending = either.Token.Register(() => stream.Abort(StreamError.Cancelled));
        var message = new Settle();
        message.Receipts.AddRange(batch.Claims.Select(claim => UnsafeByteOperations.UnsafeWrap(claim.Bytes)));
        message.Countersigned.AddRange(batch.Settled.Select(settled => UnsafeByteOperations.UnsafeWrap(settled.Bytes)));
        stream.Write(message);
        await stream.FinishAsync();
        var answer = await stream.ReadMessageAsync(SettleAnswer.Parser, either.Token) ?? throw new FrameException("the peer answered nothing");
        if (answer.Results.Count != batch.Claims.Count + batch.Settled.Count) throw new FrameException("the peer answered to more or less than it was shown");
        return answer;
    }

    /// <summary>Takes a payer's answer to a receipt.</summary>
    /// <returns>Whether that is the end of it.</returns>
    private async Task<bool> TakeAsync(CreditBooks books, OrderId id, SettleResult result)
    {
        try
        {
            if (!result.Countersignature.IsEmpty)
            {
                await books.Provider.TakeAsync(id, result.Countersignature.Memory);
                return true;
            }
            if (result.Code != CreditCodes.ReceiptRefused) return false;
            var reason = result.Reason.Length > 300 ? result.Reason[..300] : result.Reason;
            LogRefused(logger, id, reason);
            await books.Provider.RefusedAsync(id, reason);
            return true;
        }
        catch (StatementException invalid)
        {
            LogRefused(logger, id, invalid.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "receipt {Receipt} is not paid: {Reason}")]
    private static partial void LogRefused(ILogger logger, OrderId receipt, string reason);
}
