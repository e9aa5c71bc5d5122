using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends;

public class BackendCallTests
{
    private readonly BackendCall _call = new()
    {
        Kind = InferenceKind.Chat,
        RequestId = "r",
        Headers = default,
        Document = new RequestDocument { Body = default, Model = default, IsStream = false, AsksUsage = false },
        ConnectTimeout = TimeSpan.FromSeconds(1),
    };

    private sealed class Carrier : IDisposable
    {
        public int Disposed { get; private set; }

        public void Dispose() => Disposed++;
    }

    [Fact]
    public void Ending_closes_what_carries_the_call_and_the_first_reason_stays()
    {
        var carrier = new Carrier();
        Assert.True(_call.TryAttach(carrier));
        _call.End(EndReason.ClientGone);
        _call.End(EndReason.Deadline);
        Assert.Equal((1, EndReason.ClientGone), (carrier.Disposed, _call.EndReason));
        Assert.False(_call.TryAttach(new Carrier()));
    }

    [Fact]
    public void What_was_let_go_is_not_closed()
    {
        var carrier = new Carrier();
        _call.TryAttach(carrier);
        Assert.True(_call.Detach());
        _call.End(EndReason.ClientGone);
        Assert.Equal(0, carrier.Disposed);
    }

    [Fact]
    public void Letting_go_after_the_end_says_that_the_carrier_is_lost()
    {
        _call.TryAttach(new Carrier());
        _call.End(EndReason.ClientGone);
        Assert.False(_call.Detach());
    }

    [Fact]
    public void An_attempts_end_is_forgotten_with_the_attempt()
    {
        var carrier = new Carrier();
        _call.BeginAttempt(1);
        _call.TryAttach(carrier);
        _call.EndAttempt(1, EndReason.Silent);
        Assert.Equal((1, EndReason.Silent), (carrier.Disposed, _call.EndReason));
        _call.FinishAttempt();
        Assert.Equal(EndReason.None, _call.EndReason);
        _call.BeginAttempt(2);
        Assert.True(_call.TryAttach(new Carrier()));
    }

    [Fact]
    public void An_attempts_end_that_comes_late_hits_neither_the_wait_nor_the_next_attempt()
    {
        _call.BeginAttempt(1);
        _call.FinishAttempt();
        _call.EndAttempt(1, EndReason.Silent);
        Assert.Equal(EndReason.None, _call.EndReason);
        _call.BeginAttempt(2);
        _call.EndAttempt(1, EndReason.Vanished);
        Assert.Equal(EndReason.None, _call.EndReason);
    }

    [Fact]
    public void A_hang_up_during_an_attempt_that_was_given_up_stays()
    {
        _call.BeginAttempt(1);
        _call.EndAttempt(1, EndReason.Silent);
        _call.End(EndReason.ClientGone);
        _call.FinishAttempt();
        Assert.Equal(EndReason.ClientGone, _call.EndReason);
        Assert.False(_call.TryAttach(new Carrier()));
    }
}
