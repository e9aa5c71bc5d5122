namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Keeps all work of a simulated world on its one thread: whatever goes on later waits here for the end of the event.</summary>
internal sealed class SimContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Work, object? State)> _later = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread) throw new InvalidOperationException("Work left the simulation's thread: a run could not be replayed.");
        _later.Enqueue((d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody waits for anybody in a simulation.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Does what has been put off, and what comes of it.</summary>
    public void Drain()
    {
        while (_later.TryDequeue(out (SendOrPostCallback Work, object? State) next))
            next.Work(next.State);
    }
}
