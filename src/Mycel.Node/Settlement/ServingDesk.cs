using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Settlement;

/// <summary>A request by a peer with an order: what it was given is counted here. For one request, whose thread alone calls it.</summary>
internal sealed class ServedRequest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    internal ServedRequest(AcceptedOrder order, DateTimeOffset startedAt)
    {
        Order = order;
        StartedAt = startedAt;
    }

    internal AcceptedOrder Order { get; }

    internal DateTimeOffset StartedAt { get; }

    internal long Bytes { get; private set; }

    /// <summary>Whether a receipt was signed.</summary>
    public bool IsSigned { get; internal set; }

    internal byte[] Hash() => _hash.GetHashAndReset();

    /// <summary>Some of the answer goes out.</summary>
    public void Give(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Bytes += bytes.Length;
    }

    public void Dispose() => _hash.Dispose();
}

/// <summary>What a peer asks for, for a price.</summary>
/// <param name="Link">The peer's link.</param>
/// <param name="Standing">What it may do here.</param>
/// <param name="Wire">The request's own header.</param>
/// <param name="Network">The network that it asks in.</param>
/// <param name="Model">The model.</param>
/// <param name="Prices">What that costs now, then what it cost a moment ago.</param>
/// <param name="Bounds">What bounds the cost.</param>
/// <param name="RequestHash">Of the request as it came.</param>
internal sealed record PricedAsk(
    Link Link, PeerStanding Standing, Inference Wire, NetworkId Network, string Model, IReadOnlyList<Prices> Prices, RequestBounds Bounds, byte[] RequestHash);

/// <summary>The serving side of credit: takes orders before any work, and signs receipts when it is over. No disk is waited for before an answer.</summary>
internal sealed partial class ServingDesk(CreditRoom room, ClearingRound clearing, CreditMetrics metrics, TimeProvider time, ILogger<ServingDesk> logger)
{
    private readonly Pending _pending = new();

    /// <summary>A peer has a receipt to sign that its request's own stream did not finish.</summary>
    public event Action<PeerId>? Unsettled;

    /// <summary>Completes when nothing is being written down any more.</summary>
    public Task IdleAsync() => _pending.IdleAsync();

    /// <summary>Opens the books, where they are not open, and hears once from the ledgers who is refused.</summary>
    /// <exception cref="OperationCanceledException">Who asks waits no longer.</exception>
    public async ValueTask ReadyAsync(CancellationToken cancellation)
    {
        if (await room.ReadyAsync(cancellation) is not null) await clearing.FirstAsync(cancellation);
    }

    /// <summary>Takes an order.</summary>
    /// <returns>Null for one that is not taken, with the reason.</returns>
    public ServedRequest? TryAccept(PricedAsk ask, out CreditRefusal? refusal)
    {
        if (room.Books is not { } books)
        {
            refusal = CreditRoom.NotOpen;
            return null;
        }
        if (ask.Wire.Order.IsEmpty)
        {
            refusal = PaymentRequired(ask.Model);
            return null;
        }
        var accepted = books.Provider.TryAccept(
            new AcceptRequest
            {
                Order = ask.Wire.Order.Memory,
                Standing = ask.Wire.Standing.Memory,
                Payer = ask.Link.Peer.Certificate,
                Terms = ask.Standing.Networks.GetValueOrDefault(ask.Network),
                Network = ask.Network,
                Model = ask.Model,
                Prices = ask.Prices,
                Bounds = ask.Bounds,
                RequestHash = ask.RequestHash,
            },
            out refusal);
        if (accepted is not null) return new ServedRequest(accepted, time.GetUtcNow());
        metrics.Refused.Increment();
        return null;
    }

    /// <summary>The refusal of a request without an order.</summary>
    public static CreditRefusal PaymentRequired(string model) => new(
        StatusCodes.Status402PaymentRequired, CreditCodes.PaymentRequired, $"The model '{model}' has a price here, and the request came without an order that pays for it. The asking node may need an update.");

    /// <summary>Nothing came of a request: nothing is claimed.</summary>
    public void Release(ServedRequest served) => room.Books?.Provider.Release(served.Order);

    /// <summary>The work is over, whole or not: signs what was given.</summary>
    /// <param name="served">The request.</param>
    /// <param name="usage">Tokens as the model counted them; null where it did not.</param>
    /// <param name="outputEvents">Events with output, each about a token; null where the answer is no stream.</param>
    /// <param name="reason">Why it ended.</param>
    /// <returns>The receipt; empty where nothing was given, or nothing can be signed: the answer is the asker's all the same.</returns>
    public ByteString Finish(ServedRequest served, TokenUsage? usage, long? outputEvents, string reason)
    {
        try
        {
            return Sign(served, usage, outputEvents, reason);
        }
        catch (StatementException error)
        {
            LogNotSigned(logger, served.Order.Id, error.Message);
            return ByteString.Empty;
        }
    }

    private ByteString Sign(ServedRequest served, TokenUsage? usage, long? outputEvents, string reason)
    {
        if (room.Books is not { } books) return ByteString.Empty;
        var finished = books.Provider.Finish(served.Order, new Delivered
        {
            PromptTokens = usage?.PromptTokens ?? 0,
            CompletionTokens = usage?.CompletionTokens ?? outputEvents ?? 0,
            ReplyHash = served.Hash(),
            ReplyBytes = served.Bytes,
            FinishReason = reason,
            StartedAt = served.StartedAt,
            FinishedAt = time.GetUtcNow(),
        });
        if (finished is null) return ByteString.Empty;
        served.IsSigned = true;
        _pending.Add(WatchAsync(finished.Durable, served.Order.Id));
        return UnsafeByteOperations.UnsafeWrap(finished.Receipt);
    }

    /// <summary>Takes the payer's countersignature.</summary>
    /// <returns>Whether it is on the disk.</returns>
    public async Task<bool> TakeAsync(ServedRequest served, ReadOnlyMemory<byte> countersignature)
    {
        if (room.Books is not { } books) return false;
        try
        {
            await books.Provider.TakeAsync(served.Order.Id, countersignature);
            return true;
        }
        catch (Exception error) when (error is LedgerException or StatementException)
        {
            LogNotTaken(logger, served.Order.Id, error.Message);
            return false;
        }
    }

    /// <summary>The request's own stream did not settle it: it is tried again over another.</summary>
    public void Later(PeerId payer) => Unsettled?.Invoke(payer);

    private async Task WatchAsync(Task durable, OrderId id)
    {
        try
        {
            await durable;
        }
        catch (Exception error)
        {
            LogNotKept(logger, id, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the countersignature of receipt {Receipt} was not taken: {Reason}")]
    private static partial void LogNotTaken(ILogger logger, OrderId receipt, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "receipt {Receipt} could not be signed, so the work is not paid: {Reason}")]
    private static partial void LogNotSigned(ILogger logger, OrderId receipt, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "receipt {Receipt} could not be written down: {Reason}")]
    private static partial void LogNotKept(ILogger logger, OrderId receipt, string reason);
}
