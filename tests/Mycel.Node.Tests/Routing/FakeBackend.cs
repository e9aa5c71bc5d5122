using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Routing;

/// <summary>A backend whose answers the test writes.</summary>
internal sealed class FakeBackend(string name, int maxConcurrent, TimeProvider time) : Backend("fake:" + name, time)
{
    private readonly int _maxConcurrent = maxConcurrent;

    public Func<BackendCall, IReplySink, ValueTask<AttemptOutcome>> Answer { get; set; } = (_, _) => ValueTask.FromResult(AttemptOutcome.Completed);

    public bool IsThere { get; set; } = true;

    /// <summary>Whether others watch over it.</summary>
    public bool IsWatched { get; set; }

    public override bool MayBeSilent => IsWatched;

    public int Asked { get; private set; }

    public override int MaxConcurrent => _maxConcurrent;

    public override ValueTask<AttemptOutcome> AttemptAsync(BackendCall call, Offer offer, IReplySink sink)
    {
        Asked++;
        return Answer(call, sink);
    }

    protected override Task<bool> LookAsync() => Task.FromResult(IsThere);
}
