using System.Threading.Channels;
using Mycel.Dht;

namespace Mycel.Node.Discovery;

/// <summary>
/// The one loop that a <see cref="DhtNode"/> is used from: messages that arrive, the clock, and what others ask of it. It sleeps until one of these comes. Safe for use from
/// several threads.
/// </summary>
internal sealed partial class TableLoop : IAsyncDisposable
{
    /// <summary>Messages that arrived and wait for their turn; further ones are dropped, as datagrams may be.</summary>
    public const int MaxWaiting = 1024;

    /// <summary>Turns before the clock is looked at again.</summary>
    private const int TurnsBetweenTicks = 64;

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(1);

    private readonly Channel<Turn> _turns = Channel.CreateUnbounded<Turn>(new UnboundedChannelOptions { SingleReader = true });
    private readonly DhtNode _node;
    private readonly Action<DhtNode> _afterTurns;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Task _running;
    private int _waiting;
    private long _dropped;

    /// <param name="node">The node; from here on nobody else calls it.</param>
    /// <param name="afterTurns">Called on the loop each time that it has done what was there.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are told.</param>
    public TableLoop(DhtNode node, Action<DhtNode> afterTurns, TimeProvider time, ILogger log)
    {
        _node = node;
        _afterTurns = afterTurns;
        _log = log;
        _timer = time.CreateTimer(_ => _turns.Writer.TryWrite(default), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _turns.Writer.TryWrite(default);
        _running = Task.Run(RunAsync);
    }

    /// <summary>One thing to do: a message, work, or nothing but a look at the clock.</summary>
    private readonly record struct Turn(Action<DhtNode>? Work, DhtContact? From, ReadOnlyMemory<byte> Message, bool IsProven);

    /// <summary>Messages that were dropped since too many waited.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Hands over a message that arrived.</summary>
    public void Receive(DhtContact from, ReadOnlyMemory<byte> message, bool isProven)
    {
        if (Interlocked.Increment(ref _waiting) <= MaxWaiting && _turns.Writer.TryWrite(new Turn(null, from, message, isProven))) return;
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _dropped);
    }

    /// <summary>Has something done on the loop; nothing where it has ended.</summary>
    public void Post(Action<DhtNode> work) => _turns.Writer.TryWrite(new Turn(work, null, default, false));

    /// <summary>Asks something on the loop; cancelled where it has ended.</summary>
    public Task<T> AskAsync<T>(Func<DhtNode, T> question, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = _turns.Writer.TryWrite(new Turn(node => answer.TrySetResult(question(node)), null, default, false));
        return isTaken ? answer.Task.WaitAsync(cancellation) : Task.FromCanceled<T>(new CancellationToken(canceled: true));
    }

    private async Task RunAsync()
    {
        while (await _turns.Reader.WaitToReadAsync())
        {
            for (var i = 0; i < TurnsBetweenTicks && _turns.Reader.TryRead(out var turn); i++) Safely(turn);
            Safely(new Turn(node => node.Tick(), null, default, false));
            Safely(new Turn(_afterTurns, null, default, false));
            var pause = _node.UntilNextTick;
            _timer.Change(pause > LeastPause ? pause : LeastPause, Timeout.InfiniteTimeSpan);
        }
    }

    private void Safely(Turn turn)
    {
        try
        {
            turn.Work?.Invoke(_node);
            if (turn.From is null) return;
            Interlocked.Decrement(ref _waiting);
            _node.Receive(turn.From, turn.Message.Span, turn.IsProven);
        }
        catch (Exception error)
        {
            // One message or question that fails may not take the table from everybody else.
            LogFailed(_log, error);
        }
    }

    /// <summary>Ends it, after what was handed over before.</summary>
    public async ValueTask DisposeAsync()
    {
        _turns.Writer.TryComplete();
        await _running;
        await _timer.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Work for the table of peers failed; it goes on with the next")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
