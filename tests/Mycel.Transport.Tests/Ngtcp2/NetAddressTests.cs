using System.Net;
using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Ngtcp2;

public class NetAddressTests
{
    [Theory]
    [InlineData("192.0.2.7:8421", false)]
    [InlineData("192.0.2.7:8421", true)]
    [InlineData("[2001:db8::1]:443", true)]
    [InlineData("[fe80::1%3]:443", true)]
    public void It_comes_back_as_it_was(string text, bool inet6)
    {
        IPEndPoint endPoint = IPEndPoint.Parse(text);

        Assert.Equal(endPoint, NetAddress.From(endPoint, inet6).ToEndPoint());
    }

    [Fact]
    public void Limits_count_by_address_or_by_network()
    {
        static ulong Key(string text) => NetAddress.From(IPEndPoint.Parse(text), inet6: true).NetworkKey;

        Assert.Equal(Key("192.0.2.7:1"), Key("192.0.2.7:2"));
        Assert.NotEqual(Key("192.0.2.7:1"), Key("192.0.2.8:1"));
        Assert.Equal(Key("[2001:db8::1]:1"), Key("[2001:db8::ffff]:1"));
        Assert.NotEqual(Key("[2001:db8::1]:1"), Key("[2001:db8:0:1::1]:1"));
    }

    [Fact]
    public void A_socket_for_IPv4_says_that_it_cannot_reach_IPv6()
    {
        var error = Assert.Throws<TransportException>(() => NetAddress.From(IPEndPoint.Parse("[2001:db8::1]:443"), inet6: false));

        Assert.Equal(TransportFailure.Local, error.Kind);
    }
}
