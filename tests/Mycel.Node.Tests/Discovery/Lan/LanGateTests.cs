using System.Net;
using Mycel.Node.Discovery.Lan;

namespace Mycel.Node.Tests.Discovery.Lan;

/// <summary>How much is looked at.</summary>
public class LanGateTests
{
    private readonly ManualTime _time = new();
    private readonly LanGate _gate;

    public LanGateTests() => _gate = new LanGate(_time);

    [Fact]
    public void So_many_of_one_address_in_a_window()
    {
        Assert.Equal(LanGate.MaxOfOne, Enumerable.Range(0, 1_000).Count(_ => _gate.Allows(Address(1))));
        Assert.True(_gate.Allows(Address(2)));
        _time.Advance(LanGate.Window);
        Assert.True(_gate.Allows(Address(1)));
    }

    [Fact]
    public void So_many_addresses_in_a_window()
    {
        Assert.Equal(LanGate.MaxSources, Enumerable.Range(0, 5_000).Count(number => _gate.Allows(Address(number))));
        Assert.True(_gate.Allows(Address(0)));
        Assert.False(_gate.Allows(Address(6_000)));
        _time.Advance(LanGate.Window);
        Assert.True(_gate.Allows(Address(6_000)));
    }

    [Fact]
    public void So_many_in_all_in_a_window()
    {
        Assert.Equal(LanGate.MaxInAll, Enumerable.Range(0, 100_000).Count(number => _gate.Allows(Address(number % 200))));
        Assert.False(_gate.Allows(Address(300)));
        _time.Advance(LanGate.Window);
        Assert.True(_gate.Allows(Address(300)));
    }

    private static IPAddress Address(int number) => new([10, 0, (byte)(number >> 8), (byte)number]);
}
