using System.Buffers;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using Mycel.Ledger.Books;
using Mycel.Node.Backends;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;
using Mycel.Node.Tests.Execution;
using Mycel.Transport;
using Mycel.Transport.Frames;
using BudgetPeriod = Mycel.Node.Configuration.BudgetPeriod;

namespace Mycel.Node.Tests.Settlement;

/// <summary>Asking another account's node for a price, and serving one: where something goes wrong on this side, it is neither the peer's fault nor the caller's loss.</summary>
public sealed class PayingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public PayingTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task What_the_own_books_refuse_says_nothing_of_the_peer()
    {
        await using var pair = await CreditPair.StartAsync(CreditPair.Price);
        pair.Guest.Options.Current = pair.Guest.Options.Current with { Ledger = new LedgerOptions { Path = Path.Combine(pair.Guest.Folder, "nowhere", "ledger.db") } };
        var offer = pair.OfferOf();
        using var reply = new ReplyRelay(new MemoryChannel(), takeOutUsage: false) { StartedAt = 0 };

        for (var i = 0; i < BackendHealth.UnhealthyAfter; i++)
        {
            var outcome = await offer.Backend.AttemptAsync(CreditPair.Call(), offer, reply);
            reply.Measure(outcome, offer.Figures, InferenceKind.Chat);
            Assert.Equal((AttemptKind.Refused, "books_not_open"), (outcome.Kind, outcome.Refusal!.Code));
        }

        Assert.False(offer.Backend.Health.IsCoolingDown);
        Assert.True(offer.Backend.Health.IsHealthy);
        Assert.Equal((1, 1), (offer.Figures.SuccessShare, offer.Backend.Reliability));
        Assert.Equal(0, pair.Guest.Get<ReputationBook>().Peers);
    }

    [Fact]
    public async Task Books_that_cannot_be_read_are_a_refusal_after_which_others_are_asked()
    {
        await using var pair = await CreditPair.StartAsync(CreditPair.Price);
        await CreditPair.OpenAsync(pair.Guest);
        await using (var database = new SqliteConnection($"Data Source={pair.Guest.Options.Current.Ledger.Path}"))
        {
            await database.OpenAsync(Cancellation);
            await using var command = database.CreateCommand();
            command.CommandText = "DROP TABLE receipts";
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var (paid, refusal) = await pair.OrderAsync(new Purse("guest", new CreditBudget(CreditAmount.One, BudgetPeriod.Day)));

        Assert.Null(paid);
        Assert.Equal((503, "books_not_open", true), (refusal!.Status, refusal.Code, refusal.MayTryOthers));
    }

    [Theory]
    [InlineData(nameof(EndReason.ClientGone))]
    [InlineData(nameof(EndReason.Deadline))]
    public async Task Who_hangs_up_or_has_no_time_left_does_not_wait_for_books_to_open(string reason)
    {
        await using var pair = await CreditPair.StartAsync(CreditPair.Price);
        var offer = pair.OfferOf(pair.Guest.Make<PayingDesk>(Stuck(pair)));
        using var reply = new ReplyRelay(new MemoryChannel(), takeOutUsage: false) { StartedAt = 0 };
        var call = CreditPair.Call();
        var attempt = offer.Backend.AttemptAsync(call, offer, reply).AsTask();
        Assert.False(attempt.IsCompleted);

        call.End(Enum.Parse<EndReason>(reason));

        Assert.Equal(AttemptKind.Ended, (await attempt.WaitAsync(TimeSpan.FromSeconds(20), Cancellation)).Kind);
    }

    [Fact]
    public async Task A_peer_that_has_gone_is_not_waited_for_by_the_one_that_serves()
    {
        await using var pair = await CreditPair.StartAsync(CreditPair.Price);
        var desk = pair.Guest.Make<ServingDesk>(Stuck(pair));
        using var gone = new CancellationTokenSource();
        var opening = desk.ReadyAsync(gone.Token).AsTask();
        Assert.False(opening.IsCompleted);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(TimeSpan.FromSeconds(20), Cancellation));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_costs_no_receipt()
    {
        await using var pair = await CreditPair.StartAsync(CreditPair.Price);
        using var served = await ServeAsync(pair);

        pair.Host.Time.Shift -= TimeSpan.FromHours(1);

        Assert.NotEqual(ByteString.Empty, pair.Host.Get<ServingDesk>().Finish(served, new TokenUsage(3, 4), null, "stop"));
    }

    [Fact]
    public async Task A_receipt_that_cannot_be_signed_leaves_the_answer_whole()
    {
        await using var pair = await CreditPair.StartAsync(CreditPair.Price);
        using var served = await ServeAsync(pair);

        var receipt = pair.Host.Get<ServingDesk>().Finish(served, new TokenUsage(3, 4), null, new string('x', 100));

        Assert.Equal((ByteString.Empty, false), (receipt, served.IsSigned));
        Assert.Equal(0, pair.Host.Get<CreditRoom>().Books!.Provider.Exposure(pair.Guest.Identity.Certificate.AccountId).Total);
    }

    [Fact]
    public async Task What_was_seen_of_a_peer_counts_after_a_restart_before_it_is_asked_again()
    {
        await using var pair = await CreditPair.StartAsync(default);
        var books = await CreditPair.OpenAsync(pair.Guest);
        var reputation = pair.Guest.Get<ReputationBook>();
        var before = pair.OfferOf();
        Assert.Same(before.Backend, Chosen(before));
        for (var i = 0; i < 20; i++) reputation.Observe(pair.Host.Id, new Observation { IsSuccess = false });
        await reputation.FlushAsync(books.Store, Cancellation);

        await pair.Guest.RestartAsync();
        await pair.OfferedAsync();
        await CreditPair.OpenAsync(pair.Guest);

        var offer = pair.OfferOf();
        Assert.InRange(offer.Backend.Reliability, 0.01, 0.5);
        Assert.Equal("fake:other", Chosen(offer).Route);
    }

    [Fact]
    public async Task How_fast_a_peer_answers_is_remembered()
    {
        await using var pair = await CreditPair.StartAsync(default, SlowlyAsync);
        var offer = pair.OfferOf();
        using var reply = new ReplyRelay(new MemoryChannel(), takeOutUsage: false) { StartedAt = 0 };
        reply.BeginAttempt(new RouteTaken("peer:host", 1, default, default), new RouteMetrics("peer:host", CreditPair.Model));

        var outcome = await offer.Backend.AttemptAsync(CreditPair.Call(), offer, reply);

        Assert.Equal((AttemptKind.Completed, null), (outcome.Kind, outcome.Refusal?.Message));
        var seen = pair.Guest.Get<ReputationBook>().Of(pair.Host.Id);
        Assert.InRange(seen.Successes, 0.9, 1);
        Assert.True(seen.FirstTokenMs > 0, $"{seen.FirstTokenMs} ms to the first token");
        Assert.True(seen.TokensPerSecond > 0, $"{seen.TokensPerSecond} tokens a second");
    }

    /// <summary>A round that hears nothing from the ledgers, on a clock of which no timer runs off.</summary>
    private static ClearingRound Stuck(CreditPair pair) => pair.Guest.Make<ClearingRound>(new StoppedTimers());

    private static async Task<ServedRequest> ServeAsync(CreditPair pair)
    {
        await CreditPair.OpenAsync(pair.Guest);
        await CreditPair.OpenAsync(pair.Host);
        var (paid, refusal) = await pair.OrderAsync();
        Assert.True(paid is not null, refusal?.Message);
        var ask = new PricedAsk(
            pair.Host.Links.Find(pair.Guest.Id)!, pair.Host.Peers.StandingOf(pair.Guest.Id, out _)!, new Inference { Order = paid.OrderBytes, Standing = paid.Standing },
            pair.Network, CreditPair.Model, [new(CreditPair.Price.Prompt, CreditPair.Price.Completion)], CreditPair.Bounds, new byte[32]);
        var served = pair.Host.Get<ServingDesk>().TryAccept(ask, out refusal);
        Assert.True(served is not null, refusal?.Message);
        served.Give("an answer"u8);
        return served;
    }

    /// <summary>Whom the next request goes to: the peer, or another as fast.</summary>
    private static Backend Chosen(Offer peer)
    {
        var other = new Offer(new Routing.FakeBackend("other", 4, TimeProvider.System), CreditPair.Model, new RouteMetrics("other", CreditPair.Model), place: OfferPlace.Peer);
        return OfferRanking.Pick(new ModelTarget(CreditPair.Model, [peer, other]), [], null, 0, out _)!.Backend;
    }

    private static async Task SlowlyAsync(InboundStream stream)
    {
        while (await stream.Reader.ReadAsync(Cancellation) is { Kind: not FrameKind.Trailer })
        {
        }
        WireMessages.Write(stream.Writer, FrameKind.Head, new ResponseHead { Status = 200, ContentType = "text/event-stream", ContentLength = -1 });
        var bytes = 0L;
        for (var i = 0; i < 5; i++)
        {
            await SendAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"u8.ToArray());
            await Task.Delay(5, Cancellation);
        }
        await SendAsync("data: [DONE]\n\n"u8.ToArray());
        WireMessages.Write(stream.Writer, FrameKind.Trailer, new Trailer { BodyBytes = bytes, PromptTokens = -1, CompletionTokens = -1 });
        await stream.Writer.FlushAsync(end: true);

        async Task SendAsync(byte[] data)
        {
            stream.Writer.Write(data);
            bytes += data.Length;
            await stream.Writer.FlushAsync();
        }
    }

    private sealed class StoppedTimers : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Stopped();

        private sealed class Stopped : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
