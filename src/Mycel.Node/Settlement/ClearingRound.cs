using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>One look at what is to go into the ledgers of the own networks: into an own one at once, into another's over a link where there is one.</summary>
internal sealed partial class ClearingRound(
    NetworkRegistry networks, ClearingPlaces places, MemberLines lines, NodeIdentity identity, ILinks links, CreditMetrics metrics, TimeProvider time, ILogger<ClearingRound> logger)
{
    /// <summary>Batches of one network in a row, so that others have their turn.</summary>
    private const int MaxBatches = 16;

    /// <summary>How long a request waits for what the ledgers say to books that were just opened.</summary>
    private static readonly TimeSpan FirstTime = TimeSpan.FromSeconds(10);

    /// <summary>When peers failed that were asked and did not answer since; no more than linked nodes that clear.</summary>
    private readonly ConcurrentDictionary<PeerId, DateTimeOffset> _failed = new();

    private readonly ClearCall _call = new(lines, identity.Certificate.AccountId, time);
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Waits for the first look at the ledgers that are in reach: what an account has, and who is refused, is not known before. Where they do not answer, what
    /// was known before counts.
    /// </summary>
    /// <exception cref="OperationCanceledException">Who asks waits no longer.</exception>
    public async ValueTask FirstAsync(CancellationToken cancellation)
    {
        if (_first.Task.IsCompleted) return;
        await Task.WhenAny(_first.Task, Task.Delay(FirstTime, time, cancellation));
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Looks once at all networks.</summary>
    /// <returns>Whether something was due.</returns>
    public async Task<bool> RunAsync(CreditBooks books, CancellationToken cancellation)
    {
        try
        {
            // Side by side: a ledger that does not answer holds up no other.
            return (await Task.WhenAll(networks.Joined.Select(network => RunAsync(books, network.Charter.Id, cancellation)))).Contains(true);
        }
        finally
        {
            _first.TrySetResult();
        }
    }

    private async Task<bool> RunAsync(CreditBooks books, NetworkId id, CancellationToken cancellation)
    {
        for (var i = 0; i < MaxBatches && !cancellation.IsCancellationRequested; i++)
        {
            var link = places.Keeps(id) ? null : LinkFor(id);
            // Out of reach: what is due stays so.
            if (link is null && !places.Keeps(id)) return i > 0;
            if (await books.Outbox.NextClearAsync(id, cancellation) is not { } batch) return i > 0;
            if (!await ClearAsync(books, batch, link, cancellation)) return true;
        }
        return true;
    }

    private Link? LinkFor(NetworkId network)
    {
        // Those that failed last of all, the latest of them at the end. Among the others each member has an order of its own, so that they share the members.
        foreach (var peer in places.Elsewhere(network).OrderBy(peer => _failed.GetValueOrDefault(peer)).ThenBy(peer => HashCode.Combine(identity.Device.PeerId, peer)))
        {
            if (links.Find(peer) is { } link) return link;
        }
        return null;
    }

    private async Task<bool> ClearAsync(CreditBooks books, ClearBatch batch, Link? link, CancellationToken cancellation)
    {
        try
        {
            // What these books have begun to write they write down, also during a stop.
            var reply = link is null
                ? await books.Clearing.SubmitAsync(batch.Network, identity.Certificate, batch.Receipts, batch.KnownProofs, batch.KnownEntries, CancellationToken.None)
                : await _call.AskAsync(link, batch, cancellation);
            if (reply.Refusal is { } refusal) throw new LedgerException(refusal.Message);
            var news = await books.Outbox.ApplyAsync(batch, reply, CancellationToken.None);
            if (link is not null) _failed.TryRemove(link.Id, out _);
            metrics.Posted.Add(reply.Results.Count(result => result.Outcome is ClearingOutcome.Posted or ClearingOutcome.Known));
            Tell(batch.Network, news, reply);
            return batch.Receipts.Count > 0;
        }
        catch (Exception error) when (error is TransportException or FrameException or RefusedException or LedgerException or StatementException or OperationCanceledException or ObjectDisposedException)
        {
            LogNotCleared(logger, batch.Network.ToString(), error.Message);
            return GiveUp();
        }
        catch (Exception defect)
        {
            // A mistake of this program with one batch must not end the clearing of all: it is told, and tried again after a pause.
            LogDefect(logger, batch.Network.ToString(), defect);
            return GiveUp();
        }

        bool GiveUp()
        {
            books.Outbox.Failed(batch);
            if (link is not null) _failed[link.Id] = time.GetUtcNow();
            return false;
        }
    }

    private void Tell(NetworkId network, ClearingNews news, ClearingReply reply)
    {
        foreach (var result in reply.Results.Where(result => result.Outcome == ClearingOutcome.Refused)) LogRefused(logger, result.Id, result.Reason);
        if (news.Warning is { } warning) LogWarning(logger, network.ToString(), warning);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "the ledger of network {Network} was not reached: {Reason}")]
    private static partial void LogNotCleared(ILogger logger, string network, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "clearing in network {Network} failed; it is tried again")]
    private static partial void LogDefect(ILogger logger, string network, Exception defect);

    [LoggerMessage(Level = LogLevel.Warning, Message = "receipt {Receipt} was refused by the network's ledger: {Reason}")]
    private static partial void LogRefused(ILogger logger, OrderId receipt, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the ledger of network {Network}: {Warning}")]
    private static partial void LogWarning(ILogger logger, string network, string warning);
}
