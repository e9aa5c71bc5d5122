using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Node.Settlement;
using Mycel.Node.Tests.Networks;
using Mycel.Transport;

namespace Mycel.Node.Tests.Settlement;

/// <summary>A node with a receipt due to each of two peers, over real links; one of them never answers.</summary>
public sealed class SettlerTests : IAsyncDisposable
{
    private readonly NetworkNode _host = new("host");
    private readonly NetworkNode _silent = new("silent");
    private readonly NetworkNode _honest = new("honest");
    private readonly SilentHandler _silence = new();
    private readonly LaterHandler _answers = new();
    private readonly SecretStore _secrets;
    private readonly DueSignal _due = new();
    private CreditRoom? _room;
    private Settler? _settler;

    public SettlerTests()
    {
        Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");
        _secrets = new SecretStore(_host.Folder, _host.Identity.Device, _host.Time);
        _silent.Handlers.Add(_silence);
        _honest.Handlers.Add(_answers);
    }

    public async ValueTask DisposeAsync()
    {
        _silence.End();
        if (_settler is { } settler)
        {
            await settler.StopAsync();
            settler.Dispose();
        }
        if (_room is { } room) await room.DisposeAsync();
        foreach (var node in new[] { _silent, _honest, _host }) await node.DisposeAsync();
        _secrets.Dispose();
        _due.Dispose();
    }

    [Fact]
    public async Task A_peer_that_never_answers_holds_up_neither_others_nor_the_stop()
    {
        var settler = await StartAsync(TimeProvider.System);

        await Until.TrueAsync(() => _silence.Asked == 1 && _answers.Asked > 0, "both peers' being asked");
        await settler.StopAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(1, _silence.Asked);
    }

    [Fact]
    public async Task A_peer_that_did_not_answer_in_time_is_asked_again()
    {
        await StartAsync(new HurriedTime());

        await Until.TrueAsync(() => _silence.Asked > 1, "the silent peer's being asked again");
    }

    private async Task<Settler> StartAsync(TimeProvider time)
    {
        await _host.ListenAsync();
        await _host.Registry.CreateAsync("friends", isPublic: false);
        foreach (var guest in new[] { _silent, _honest })
        {
            await guest.StartAsync();
            await guest.JoinAsync(_host.Invite());
        }
        await Until.TrueAsync(() => _host.Serves(_silent) && _host.Serves(_honest), "the guests' being linked");

        var options = new FixedOptions(_host.Options.Current with { Ledger = new LedgerOptions { Path = Path.Combine(_host.Folder, "ledger.db") } });
        var lines = new MemberLines(
            _host.Identity, _host.Registry, _host.Peers, _host.Get<InviteBook>(), _host.Get<RevocationBook>(), _host.Get<AppointmentBook>(), options, _host.Time);
        var (reputation, metrics) = (new ReputationBook(time), new CreditMetrics());
        _room = new CreditRoom(
            _host.Identity, _host.Get<NodeInstance>(), _secrets, _host.Registry, lines, _host.Get<ClearingPlaces>(), _host.Get<AppointmentBook>(), _host.Get<RevocationBook>(),
            reputation, metrics, _due, options, _host.Time, NullLogger<CreditRoom>.Instance);
        var books = await _room.ReadyAsync();
        foreach (var guest in new[] { _silent, _honest }) await books!.Store.WriteAsync(new LedgerWrite.Receipt(ClaimOn(guest)), TestContext.Current.CancellationToken);

        var clearing = new ClearingRound(_host.Registry, _host.Get<ClearingPlaces>(), lines, _host.Identity, _host.Links, metrics, time, NullLogger<ClearingRound>.Instance);
        var paying = new PayingDesk(_room, clearing, reputation, _host.Peers, options, metrics, time, NullLogger<PayingDesk>.Instance);
        var serving = new ServingDesk(_room, clearing, metrics, time, NullLogger<ServingDesk>.Instance);
        _settler = new Settler(
            _room, paying, serving, _host.Links, _host.Peers, _host.Models, clearing, new SettleCall(time, NullLogger<SettleCall>.Instance), metrics, reputation, _due, time,
            NullLogger<Settler>.Instance);
        _settler.Start();
        return _settler;
    }

    /// <summary>A receipt that a guest has not signed. What is in it is the guest's to judge.</summary>
    private ReceiptRecord ClaimOn(NetworkNode guest) => new()
    {
        Id = OrderId.New(),
        Network = _host.Registry.Joined[0].Charter.Id,
        Side = ReceiptSide.Earned,
        State = ReceiptState.Receipted,
        Account = guest.Identity.Certificate.AccountId,
        Device = guest.Id,
        Model = "small",
        PromptTokens = 1,
        CompletionTokens = 1,
        Amount = 10,
        Claimed = 10,
        At = _host.Time.GetUtcNow(),
        Bytes = new byte[100],
    };

    /// <summary>Takes what is to be settled, and never says a word.</summary>
    private sealed class SilentHandler : IStreamHandler
    {
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _asked;

        public Kind Kind => Kind.Settle;

        public int Asked => Volatile.Read(ref _asked);

        public void End() => _over.TrySetResult();

        public Task HandleAsync(InboundStream stream)
        {
            Interlocked.Increment(ref _asked);
            return _over.Task;
        }
    }

    /// <summary>Says of everything that it is not settled yet.</summary>
    private sealed class LaterHandler : IStreamHandler
    {
        private int _asked;

        public Kind Kind => Kind.Settle;

        public int Asked => Volatile.Read(ref _asked);

        public async Task HandleAsync(InboundStream stream)
        {
            var message = await stream.ReadMessageAsync(Settle.Parser, TestContext.Current.CancellationToken);
            var answer = new SettleAnswer();
            answer.Results.AddRange(message!.Receipts.Select(_ => new SettleResult { Reason = "Not yet.", Code = "not_yet" }));
            stream.Write(answer);
            await stream.Writer.FlushAsync(end: true);
            Interlocked.Increment(ref _asked);
        }
    }
}
