namespace Mycel.Node.Tests.Networks;

/// <summary>The system's clock and timers, with a date that a test may move.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
}
