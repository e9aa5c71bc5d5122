using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;
using Mycel.Node.Settlement;
using Mycel.Node.Tests.Networks;

namespace Mycel.Node.Tests.Settlement;

public sealed class CreditRoomTests : IAsyncDisposable
{
    private readonly NetworkNode _node = new("ann");
    private readonly SecretStore _secrets;
    private readonly DueSignal _due = new();
    private readonly ReputationBook _reputation;

    public CreditRoomTests()
    {
        _secrets = new SecretStore(_node.Folder, _node.Identity.Device, _node.Time);
        _reputation = new ReputationBook(_node.Time);
    }

    private string LedgerPath => Path.Combine(_node.Folder, "ledger.db");

    public async ValueTask DisposeAsync()
    {
        _secrets.Dispose();
        _due.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_node_of_no_network_has_no_books()
    {
        await using var room = Room();
        await room.StartAsync();

        Assert.Null(await room.ReadyAsync(TestContext.Current.CancellationToken));
        Assert.False(File.Exists(LedgerPath));
    }

    [Fact]
    public async Task Books_that_hold_nothing_are_opened_when_they_are_needed()
    {
        await _node.Registry.CreateAsync("friends", isPublic: false);
        await using var room = Room();
        await room.StartAsync();

        Assert.Null(room.Books);
        Assert.False(File.Exists(LedgerPath));
        Assert.NotNull(await room.ReadyAsync(TestContext.Current.CancellationToken));
        Assert.Same(room.Books, await room.ReadyAsync(TestContext.Current.CancellationToken));
        Assert.True(File.Exists(LedgerPath));
    }

    [Fact]
    public async Task Books_that_hold_something_are_open_before_the_start_is_over()
    {
        await _node.Registry.CreateAsync("friends", isPublic: false);
        var peer = PeerId.FromPublicKey(new byte[32]);
        await using (var first = Room())
        {
            Assert.NotNull(await first.ReadyAsync(TestContext.Current.CancellationToken));
            _reputation.Observe(peer, new Observation { IsSuccess = false });
        }

        var reputation = new ReputationBook(_node.Time);
        await using var again = Room(reputation: reputation);
        await again.StartAsync();

        Assert.NotNull(again.Books);
        Assert.Equal(1, reputation.Of(peer).Failures, 3);
    }

    [Fact]
    public async Task A_network_that_was_joined_since_is_taken_in_before_anything_is_paid_in_it()
    {
        await _node.Registry.CreateAsync("friends", isPublic: false);
        await using var room = Room();
        var books = await room.ReadyAsync(TestContext.Current.CancellationToken);
        await _node.Registry.LeaveAsync(_node.Registry.Joined[0]);
        await _node.Registry.CreateAsync("others", isPublic: false);

        Assert.Same(books, await room.ReadyAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_damaged_file_fails_the_start()
    {
        await _node.Registry.CreateAsync("friends", isPublic: false);
        await File.WriteAllTextAsync(LedgerPath, new string('x', 5000), TestContext.Current.CancellationToken);
        await using var room = Room();

        Assert.Contains(LedgerPath, (await Assert.ThrowsAsync<LedgerException>(room.StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_missing_fails_the_start_though_nothing_is_opened_yet()
    {
        await _node.Registry.CreateAsync("friends", isPublic: false);
        await using var room = Room(new LedgerOptions { Path = Path.Combine(_node.Folder, "none", "ledger.db") });

        Assert.Contains("ledger.path", (await Assert.ThrowsAsync<LedgerException>(room.StartAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "nothing under that name")]
    [InlineData("hunter2;Password", "is no connection string")]
    [InlineData("Host=127.0.0.1;Port=hunter2", "is no connection string")]
    public async Task A_connection_string_that_is_none_fails_the_start_and_is_not_repeated(string? text, string said)
    {
        await _node.Registry.CreateAsync("friends", isPublic: false);
        if (text is not null) _secrets.Set("books", text);
        await using var room = Room(new LedgerOptions { Path = LedgerPath, Postgres = "secret:books" });

        var failed = await Assert.ThrowsAsync<LedgerException>(room.StartAsync);

        Assert.Contains("secret:books", failed.Message, StringComparison.Ordinal);
        Assert.Contains(said, failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failed.Message, StringComparison.Ordinal);
    }

    private CreditRoom Room(LedgerOptions? ledger = null, ReputationBook? reputation = null)
    {
        var options = new FixedOptions(_node.Options.Current with { Ledger = ledger ?? new LedgerOptions { Path = LedgerPath } });
        var lines = new MemberLines(
            _node.Identity, _node.Registry, _node.Peers, _node.Get<InviteBook>(), _node.Get<RevocationBook>(), _node.Get<AppointmentBook>(), options, _node.Time);
        return new CreditRoom(
            _node.Identity, _node.Get<NodeInstance>(), _secrets, _node.Registry, lines, _node.Get<ClearingPlaces>(), _node.Get<AppointmentBook>(), _node.Get<RevocationBook>(),
            reputation ?? _reputation, new CreditMetrics(), _due, options, _node.Time, NullLogger<CreditRoom>.Instance);
    }
}
