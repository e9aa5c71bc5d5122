using System.Net;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Admission;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Admission;

public class ClientAddressTests
{
    [Theory]
    [InlineData("127.0.0.1", "9.9.9.9", "127.0.0.1")]
    [InlineData("8.8.8.8", "127.0.0.1", "8.8.8.8")]
    public void Without_configured_proxies_nothing_is_believed(string address, string forwarded, string expected) => Assert.Equal(expected, Of([], address, forwarded));

    [Theory]
    [InlineData("10.0.0.1", null, "10.0.0.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "9.9.9.9", "9.9.9.9")]
    [InlineData("::ffff:10.0.0.1", "9.9.9.9", "9.9.9.9")]
    [InlineData("10.0.0.1", "::ffff:9.9.9.9", "9.9.9.9")]
    [InlineData("10.0.0.1", "127.0.0.1, 9.9.9.9", "9.9.9.9")]
    [InlineData("10.0.0.1", "9.9.9.9, 10.200.0.7", "9.9.9.9")]
    [InlineData("10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2")]
    [InlineData("fd00::5", "2001:db8::1", "2001:db8::1")]
    [InlineData("8.8.8.8", "127.0.0.1", "8.8.8.8")]
    [InlineData("11.0.0.1", "127.0.0.1", "11.0.0.1")]
    [InlineData("10.0.0.1", "unknown", null)]
    [InlineData("10.0.0.1", "127.0.0.1, _hidden", null)]
    [InlineData("10.0.0.1", "garbage, 9.9.9.9", "9.9.9.9")]
    public void A_trusted_proxy_is_believed_and_nobody_before_the_first_other_one(string address, string? forwarded, string? expected) =>
        Assert.Equal(expected, Of(["10.0.0.0/8", "fd00::5"], address, forwarded));

    [Fact]
    public void Several_headers_are_one_list() => Assert.Equal("9.9.9.9", Of(["10.0.0.0/8"], "10.0.0.1", "127.0.0.1", "9.9.9.9", "10.0.0.2"));

    [Fact]
    public void Changed_settings_count_at_once()
    {
        var options = new FixedOptions(Trusting(["10.0.0.0/8"]));
        var addresses = new ClientAddress(options);
        Assert.Equal("9.9.9.9", addresses.Of(Context("10.0.0.1", "9.9.9.9"))?.ToString());
        options.Current = Trusting(["192.168.0.1"]);
        Assert.Equal("10.0.0.1", addresses.Of(Context("10.0.0.1", "9.9.9.9"))?.ToString());
        Assert.Equal("9.9.9.9", addresses.Of(Context("192.168.0.1", "9.9.9.9"))?.ToString());
    }

    private static string? Of(string[] trusted, string address, params string?[] forwarded) =>
        new ClientAddress(new FixedOptions(Trusting(trusted))).Of(Context(address, forwarded))?.ToString();

    private static MycelOptions Trusting(string[] proxies) => new() { Api = new ApiOptions { TrustedProxies = proxies } };

    private static DefaultHttpContext Context(string address, params string?[] forwarded)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        if (forwarded is not [null]) context.Request.Headers["X-Forwarded-For"] = forwarded;
        return context;
    }
}
