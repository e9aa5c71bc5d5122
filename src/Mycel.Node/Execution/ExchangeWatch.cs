using System.Diagnostics;
using Mycel.Node.Backends;

namespace Mycel.Node.Execution;

/// <summary>All exchanges under way, and one coarse clock for all their times, instead of a timer each.</summary>
internal sealed class ExchangeWatch : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>The clock stands still after so many ticks without an exchange: a node with nothing to do does not wake ten times a second.</summary>
    private const int RestAfter = 50;

    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Exchange? _first;
    private int _count;
    private int _isChecking;
    private int _idleTicks;
    private bool _isResting = true;

    public ExchangeWatch(TimeProvider time) =>
        _timer = time.CreateTimer(static watch => ((ExchangeWatch)watch!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Exchanges under way.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(Exchange exchange)
    {
        lock (_lock)
        {
            exchange.Next = _first;
            if (_first is not null) _first.Previous = exchange;
            _first = exchange;
            _count++;
            if (!_isResting) return;
            _isResting = false;
            _timer.Change(Tick, Tick);
        }
    }

    public void Remove(Exchange exchange)
    {
        lock (_lock)
        {
            if (exchange.Previous is not null) exchange.Previous.Next = exchange.Next;
            else _first = exchange.Next;
            if (exchange.Next is not null) exchange.Next.Previous = exchange.Previous;
            exchange.Previous = exchange.Next = null;
            _count--;
        }
    }

    /// <summary>The exchanges under way now.</summary>
    public IReadOnlyList<Exchange> All()
    {
        lock (_lock)
        {
            var all = new List<Exchange>(_count);
            for (var exchange = _first; exchange is not null; exchange = exchange.Next) all.Add(exchange);
            return all;
        }
    }

    /// <summary>Ends all that is still under way.</summary>
    public void EndAll(EndReason reason)
    {
        foreach (var exchange in All()) exchange.End(reason);
    }

    private void Check()
    {
        if (Interlocked.Exchange(ref _isChecking, 1) != 0) return;
        try
        {
            if (Volatile.Read(ref _count) == 0)
            {
                RestIfIdle();
                return;
            }
            _idleTicks = 0;
            var now = Stopwatch.GetTimestamp();
            foreach (var exchange in All()) exchange.Check(now);
        }
        finally
        {
            Volatile.Write(ref _isChecking, 0);
        }
    }

    private void RestIfIdle()
    {
        if (++_idleTicks < RestAfter) return;
        lock (_lock)
        {
            _idleTicks = 0;
            if (_count > 0) return;
            _isResting = true;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();
}
