using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>Hands settled receipts to a node that keeps the network's ledger.</summary>
internal sealed class ClearCall(MemberLines lines, AccountId own, TimeProvider time)
{
    /// <summary>Bytes of receipts and memberships in one message; the largest frame has some more.</summary>
    private const int MessageBytes = 160 * 1024;

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(60);

    /// <summary>Asks once.</summary>
    /// <exception cref="RefusedException">The node refuses.</exception>
    /// <exception cref="FrameException">Its answer cannot be understood.</exception>
    public async Task<ClearingReply> AskAsync(Link link, ClearBatch batch, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        await using var stream = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Clear }, either.Token);
        // A node that reads nothing holds up the writing too.
        using var ending = either.Token.Register(() => stream.Abort(StreamError.Cancelled));
        var receipts = batch.Receipts.Select(receipt => SettledReceipt.Parse(receipt.Span)).ToList();
        foreach (var message in Messages(batch, receipts))
        {
            stream.Write(message);
            await stream.Writer.FlushAsync(cancellation: either.Token);
        }
        await stream.FinishAsync();
        var answer = await stream.ReadMessageAsync(Cleared.Parser, either.Token) ?? throw new FrameException("the ledger's node answered nothing");
        if (answer.Results.Count != batch.Receipts.Count) throw new FrameException($"{answer.Results.Count} results came for {batch.Receipts.Count} receipts");
        var results = answer.Results.Select((result, i) => ResultOf(result, receipts[i].Id)).ToList();
        return new ClearingReply(results, answer.Standing.Memory, [.. answer.Proofs.Select(proof => proof.Memory)], (long)Math.Min(answer.ProofCount, long.MaxValue), answer.KnownHead.Memory);
    }

    private static ClearingResult ResultOf(ClearResult result, OrderId id) => new(id, result.Outcome switch
    {
        ClearResult.Types.Outcome.Posted => ClearingOutcome.Posted,
        ClearResult.Types.Outcome.Known => ClearingOutcome.Known,
        ClearResult.Types.Outcome.Refused => ClearingOutcome.Refused,
        ClearResult.Types.Outcome.Nothing => ClearingOutcome.Nothing,
        _ => ClearingOutcome.Waiting,
    }, result.Entry, result.Reason.Length > 300 ? result.Reason[..300] : result.Reason);

    private List<Clear> Messages(ClearBatch batch, IEnumerable<SettledReceipt> receipts)
    {
        var messages = new List<Clear> { new() { NetworkId = WireIds.Of(batch.Network.Hash), KnownProofs = (ulong)batch.KnownProofs, KnownEntries = (ulong)batch.KnownEntries } };
        var bytes = 0;
        foreach (var receipt in batch.Receipts) Next(receipt.Length).Receipts.Add(UnsafeByteOperations.UnsafeWrap(receipt));
        foreach (var account in receipts.SelectMany(settled => new[] { settled.Order.Payer, settled.Order.Provider }).Distinct().Where(account => account != own).Take(ClearHandler.MaxMemberships))
        {
            if (lines.ProofOf(batch.Network, account) is { } membership && membership.Length < MessageBytes) Next(membership.Length).Memberships.Add(membership);
        }
        return messages;

        Clear Next(int size)
        {
            if ((bytes += size) > MessageBytes)
            {
                messages.Add(new Clear());
                bytes = size;
            }
            return messages[^1];
        }
    }
}
