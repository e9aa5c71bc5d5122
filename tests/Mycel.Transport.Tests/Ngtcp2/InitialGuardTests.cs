using System.Net;
using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Ngtcp2;

public class InitialGuardTests
{
    private static EndpointOptions Options => new()
    {
        Local = new IPEndPoint(IPAddress.Loopback, 0),
        Credentials = Certificates.Create(),
        Validator = static _ => null,
        RetryAbove = 10,
        MaxHalfOpen = 20,
        MaxConnections = 100,
        HandshakesPerSecondPerAddress = 5,
    };

    [Theory]
    [InlineData(false, 9, 50, InitialVerdict.Accept)]
    [InlineData(false, 10, 50, InitialVerdict.Retry)]
    [InlineData(true, 10, 50, InitialVerdict.Accept)]
    [InlineData(true, 20, 50, InitialVerdict.Ignore)]
    [InlineData(true, 0, 100, InitialVerdict.Refuse)]
    internal void The_limits_are_kept(bool proved, int halfOpen, int connections, InitialVerdict expected)
        => Assert.Equal(expected, new InitialGuard(Options).Judge(1, proved, halfOpen, connections, 0));

    [Fact]
    public void An_address_has_so_many_a_second_and_then_again()
    {
        var guard = new InitialGuard(Options);
        ulong now = 5 * MonotonicClock.Second;

        Assert.All(Enumerable.Range(0, 5), _ => Assert.Equal(InitialVerdict.Accept, guard.Judge(1, false, 0, 0, now)));
        Assert.Equal(InitialVerdict.Ignore, guard.Judge(1, false, 0, 0, now));
        Assert.Equal(InitialVerdict.Accept, guard.Judge(2, false, 0, 0, now));
        Assert.Equal(InitialVerdict.Accept, guard.Judge(1, false, 0, 0, now + MonotonicClock.Second));
    }

    [Fact]
    public void Beyond_the_addresses_counted_all_others_count_as_one()
    {
        var guard = new InitialGuard(Options);
        ulong now = 5 * MonotonicClock.Second;
        for (ulong address = 0; address < InitialGuard.MaxAddresses; address++)
            Assert.Equal(InitialVerdict.Accept, guard.Judge(address, false, 0, 0, now));

        int accepted = Enumerable.Range(0, 100).Count(i => guard.Judge(1_000_000UL + (ulong)i, false, 0, 0, now) == InitialVerdict.Accept);

        Assert.Equal(5, accepted);
    }
}
