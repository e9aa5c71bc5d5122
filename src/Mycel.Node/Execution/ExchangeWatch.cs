using System.Diagnostics;
using Mycel.Node.Backends;

namespace Mycel.Node.Execution;

/// <summary>All exchanges under way, and one coarse clock for all their times, instead of a timer each.</summary>
internal sealed class ExchangeWatch : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Exchange? _first;
    private int _count;
    private int _isChecking;

    public ExchangeWatch(TimeProvider time) => _timer = time.CreateTimer(static watch => ((ExchangeWatch)watch!).Check(), this, Tick, Tick);

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
        if (Volatile.Read(ref _count) == 0 || Interlocked.Exchange(ref _isChecking, 1) != 0) return;
        try
        {
            var now = Stopwatch.GetTimestamp();
            foreach (var exchange in All()) exchange.Check(now);
        }
        finally
        {
            Volatile.Write(ref _isChecking, 0);
        }
    }

    public void Dispose() => _timer.Dispose();
}
