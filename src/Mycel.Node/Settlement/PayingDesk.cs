using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Settlement;

/// <summary>What is wanted of a peer for a price.</summary>
/// <param name="Link">The peer's link.</param>
/// <param name="Network">The network in which it is paid.</param>
/// <param name="Model">The model's name there.</param>
/// <param name="Price">Its price, as the peer told.</param>
/// <param name="Bounds">What bounds the cost.</param>
/// <param name="RequestHash">Of the request as it is sent.</param>
/// <param name="Purse">Out of what it is paid; null for the account's own.</param>
internal sealed record PricedRequest(Link Link, NetworkId Network, string Model, ModelPrice Price, RequestBounds Bounds, byte[] RequestHash, Purse? Purse);

/// <summary>The asking side of credit: orders before a request is sent, and settles behind its answer. Nothing of it is waited for by the request.</summary>
internal sealed partial class PayingDesk(
    CreditRoom room, ClearingRound clearing, ReputationBook reputation, PeerBook peers, IOptionsSource options, CreditMetrics metrics, TimeProvider time, ILogger<PayingDesk> logger)
{
    /// <summary>How long the other side may take to confirm a countersignature on the request's own stream.</summary>
    private static readonly TimeSpan ConfirmTime = TimeSpan.FromSeconds(10);

    private readonly Pending _pending = new();

    /// <summary>A peer has something to settle that its own stream did not finish.</summary>
    public event Action<PeerId>? Unsettled;

    /// <summary>Completes when nothing is being settled any more.</summary>
    public Task IdleAsync() => _pending.IdleAsync();

    /// <summary>Takes note of how a node of another account kept its word.</summary>
    public void Observe(PeerId peer, Observation seen) => reputation.Observe(peer, seen);

    /// <summary>How far a node is to be relied on, by all that was seen of it: 1 for one of which nothing bad is known.</summary>
    public double ReliabilityOf(PeerId peer) => Math.Min(1, reputation.Of(peer).SuccessShare / Unseen.SuccessShare);

    private static readonly Reputation Unseen = new(0, 0, 0, 0, null, null);

    /// <summary>Orders, where something is to be paid.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellation">Ends the waiting for books that are not open yet.</param>
    /// <returns>The order, or why it is refused; neither where nothing is paid.</returns>
    public async ValueTask<(PaidRequest? Paid, CreditRefusal? Refusal)> OpenAsync(PricedRequest request, CancellationToken cancellation)
    {
        if (await room.ReadyAsync(cancellation) is not { } books) return (null, CreditRoom.NotOpen);
        await clearing.FirstAsync(cancellation);
        var provider = request.Link.Peer.Certificate;
        if (!provider.Roles.HasFlag(DeviceRoles.Serve))
            return (null, new CreditRefusal(StatusCodes.Status403Forbidden, CreditCodes.NotAllowed, $"The node '{provider.DeviceName}' may not serve for its account: its certificate lacks that role."));
        var order = new OrderRequest
        {
            Network = request.Network,
            Provider = provider,
            ProviderInstance = peers.Greeted(request.Link.Id)?.Instance ?? default,
            Model = request.Model,
            Prices = new Prices(request.Price.Prompt, request.Price.Completion),
            Bounds = request.Bounds,
            RequestHash = request.RequestHash,
            KeyName = request.Purse?.KeyName,
            KeyBudget = Purse.BookBudget(request.Purse?.Budget),
            AccountBudget = Purse.BookBudget(options.Current.Credit.Budget),
        };
        if (order.ProviderInstance.Length != Greetings.InstanceBytes)
            return (null, new CreditRefusal(StatusCodes.Status409Conflict, CreditCodes.OrderInvalid, $"The node '{provider.DeviceName}' does not tell enough of itself to be paid. It may need an update."));
        var (open, refusal) = await OpenAsync(books, order, cancellation);
        if (refusal is not null) metrics.Refused.Increment();
        return open is null ? (null, refusal) : (new PaidRequest(this, open, request.Link.Id), null);
    }

    private async ValueTask<(OpenOrder? Open, CreditRefusal? Refusal)> OpenAsync(CreditBooks books, OrderRequest order, CancellationToken cancellation)
    {
        try
        {
            // Only what was spent of a budget is ever read from the disk, once for each.
            return await books.Payer.OpenAsync(order, cancellation);
        }
        catch (LedgerException error)
        {
            LogNotRead(logger, error.Message);
            return (null, Unreadable);
        }
    }

    private static readonly CreditRefusal Unreadable = new(
        StatusCodes.Status503ServiceUnavailable, "books_not_open", "This node's books cannot be read at the moment, so nothing can be paid. Its log says why.");

    internal void Begin(PaidRequest paid) => Watch(room.Books?.Payer.BeginAsync(paid.Order));

    internal void Release(PaidRequest paid) => room.Books?.Payer.Release(paid.Order);

    internal void Abandon(PaidRequest paid, Observed observed) => room.Books?.Payer.Abandon(paid.Order, observed);

    internal void Settle(PaidRequest paid, OutboundStream stream, ReadOnlyMemory<byte> receipt, Observed observed)
    {
        if (receipt.IsEmpty)
        {
            Release(paid);
            Watch(FinishAsync(stream));
            return;
        }
        // Not on this thread: it serves all sockets, and three signatures take a while.
        Watch(Task.Run(() => SettleAsync(paid, stream, receipt, observed)));
    }

    private async Task SettleAsync(PaidRequest paid, OutboundStream stream, ReadOnlyMemory<byte> receipt, Observed observed)
    {
        var isConfirmed = false;
        try
        {
            if (room.Books is not { } books) return;
            var signed = await books.Payer.CountersignAsync(paid.Order, receipt, observed);
            if (signed.Refusal is { } refusal)
            {
                LogRefused(logger, paid.Id, paid.Provider, refusal.Message);
                metrics.Disputed.Increment();
                reputation.Observe(paid.Provider, new Observation { IsDispute = true });
                await stream.FinishAsync();
                isConfirmed = true;
                return;
            }
            reputation.Observe(paid.Provider, new Observation { Settled = signed.Amount });
            stream.Write(new Links.Wire.Countersigned { Countersignature = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(signed.Countersignature) });
            await stream.FinishAsync();
            using var limit = new CancellationTokenSource(ConfirmTime, time);
            if (await stream.ReadMessageAsync(Settled.Parser, limit.Token) is null) return;
            isConfirmed = true;
            await books.Payer.AcknowledgeAsync(paid.Order.Id);
        }
        catch (Exception error) when (error is TransportException or FrameException or RefusedException or InvalidOperationException or OperationCanceledException or ObjectDisposedException)
        {
            // The receipt is kept: the settler hands it over as soon as the two are linked.
        }
        catch (Exception error) when (error is LedgerException or StatementException)
        {
            LogFailed(logger, paid.Id, paid.Provider, error.Message);
        }
        finally
        {
            await stream.DisposeAsync();
            if (!isConfirmed) Unsettled?.Invoke(paid.Provider);
        }
    }

    private static async Task FinishAsync(OutboundStream stream)
    {
        await stream.FinishAsync();
        await stream.DisposeAsync();
    }

    private void Watch(Task? work)
    {
        if (work is null || work.IsCompletedSuccessfully) return;
        _pending.Add(WatchAsync(work));
    }

    private async Task WatchAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception error)
        {
            LogDefect(logger, error);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "receipt {Receipt} of {Peer} is not paid: {Reason}")]
    private static partial void LogRefused(ILogger logger, string receipt, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "receipt {Receipt} of {Peer} could not be settled yet: {Reason}")]
    private static partial void LogFailed(ILogger logger, string receipt, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "what was spent of a budget cannot be read, so nothing is paid: {Reason}")]
    private static partial void LogNotRead(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "settling failed")]
    private static partial void LogDefect(ILogger logger, Exception error);
}
