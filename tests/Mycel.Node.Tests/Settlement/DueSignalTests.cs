using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Settlement;

public class DueSignalTests
{
    [Fact]
    public async Task What_was_raised_often_wakes_once()
    {
        using var due = new DueSignal();
        Assert.False(await due.WaitAsync(TimeSpan.Zero, TestContext.Current.CancellationToken));
        due.Raise();
        due.Raise();
        Assert.True(await due.WaitAsync(TimeSpan.Zero, TestContext.Current.CancellationToken));
        Assert.False(await due.WaitAsync(TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_waits_is_woken()
    {
        using var due = new DueSignal();
        var waiting = due.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        due.Raise();
        Assert.True(await waiting);
    }
}
