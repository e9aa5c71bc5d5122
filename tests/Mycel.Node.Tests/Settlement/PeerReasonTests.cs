using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Settlement;

public sealed class PeerReasonTests
{
    private static readonly PeerId Peer = new(new byte[PeerId.SizeBytes]);

    [Fact]
    public void A_peer_is_not_told_where_the_books_are_and_the_log_is()
    {
        var log = new Lines();
        var failed = new LedgerException("The ledger in the PostgreSQL database books at db.internal:5432 cannot be read: password authentication failed for user \"alice\"");
        var reason = PeerReason.Of(failed, Peer, log);
        Assert.Equal(PeerReason.StorageFailed, reason);
        Assert.Contains(failed.Message, Assert.Single(log.All), StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_is_told_what_is_wrong_with_what_it_sent()
        => Assert.Equal("The receipt is damaged.", PeerReason.Of(new StatementException("The receipt is damaged."), Peer, NullLogger.Instance));

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => All.Add(formatter(state, exception));
    }
}
