using System.Net;
using Mycel.Node.Admission;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Admission;

public class HostGuardTests
{
    private readonly FixedOptions _options = new(new MycelOptions());
    private readonly HostGuard _guard;

    public HostGuardTests() => _guard = new HostGuard(_options);

    [Theory]
    [InlineData("localhost")]
    [InlineData("localhost:8420")]
    [InlineData("LocalHost:8420")]
    [InlineData("localhost.:8420")]
    [InlineData("mycel.localhost")]
    [InlineData("127.0.0.1:8420")]
    [InlineData("192.168.1.20")]
    [InlineData("[::1]:8420")]
    [InlineData("[::1]")]
    [InlineData("[fe80::1]:8420")]
    public void Addresses_and_the_local_name_are_the_nodes_own(string host) => Assert.True(_guard.IsAllowedHost(host));

    [Fact]
    public void The_machines_name_is_the_nodes_own_alone_and_in_local_domains()
    {
        var name = Dns.GetHostName();
        foreach (var host in new[] { name, name.ToUpperInvariant() + ":8420", name + ".local", name + ".lan", name + ".home.arpa" }) Assert.True(_guard.IsAllowedHost(host), host);
        foreach (var host in new[] { name + ".evil.com", name + ".com", "x" + name, name + "x.local", "evil." + name + "-x" }) Assert.False(_guard.IsAllowedHost(host), host);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("evil.com")]
    [InlineData("evil.com:8420")]
    [InlineData("localhost.evil.com")]
    [InlineData("127.0.0.1.evil.com")]
    [InlineData("notlocalhost")]
    [InlineData("evil.com.")]
    [InlineData("[evil.com]")]
    [InlineData(":8420")]
    public void Other_names_are_not(string? host)
    {
        Assert.False(_guard.IsAllowedHost(host));
        Assert.True(_guard.IsAllowedHost("localhost"));
        Assert.False(_guard.IsAllowedHost(host));
    }

    [Fact]
    public void Names_that_the_settings_allow_count_and_cease_to_with_them()
    {
        _options.Current = new MycelOptions { Api = new ApiOptions { AllowedHosts = ["ai.example.com", "other.example.com:99"] } };
        Assert.True(_guard.IsAllowedHost("ai.example.com"));
        Assert.True(_guard.IsAllowedHost("AI.example.com:8420"));
        Assert.True(_guard.IsAllowedHost("other.example.com:99"));
        Assert.False(_guard.IsAllowedHost("other.example.com:98"));
        Assert.False(_guard.IsAllowedHost("x.ai.example.com"));
        Assert.True(_guard.IsAllowedHost("ai.example.com"));
        _options.Current = new MycelOptions();
        Assert.False(_guard.IsAllowedHost("ai.example.com"));
        _options.Current = new MycelOptions { Api = new ApiOptions { AllowedHosts = ["*"] } };
        Assert.True(_guard.IsAllowedHost("anything.at.all"));
    }

    [Theory]
    [InlineData(null, "localhost:8420", true)]
    [InlineData("", "localhost:8420", true)]
    [InlineData("http://localhost:8420", "localhost:8420", true)]
    [InlineData("http://LOCALHOST:8420", "localhost:8420", true)]
    [InlineData("http://localhost", "localhost", true)]
    [InlineData("http://[::1]:8420", "[::1]:8420", true)]
    [InlineData("chrome-extension://abcdef", "localhost:8420", true)]
    [InlineData("http://localhost:3000", "localhost:8420", false)]
    [InlineData("http://evil.com", "localhost:8420", false)]
    [InlineData("https://localhost:8420.evil.com", "localhost:8420", false)]
    [InlineData("null", "localhost:8420", false)]
    [InlineData("http://localhost:8420", null, false)]
    [InlineData("not an origin", "localhost:8420", false)]
    [InlineData("http://a.com, http://localhost:8420", "localhost:8420", false)]
    public void Pages_of_the_node_itself_and_local_programs_may_call(string? origin, string? host, bool isAllowed) => Assert.Equal(isAllowed, _guard.IsAllowedOrigin(origin, host));

    [Fact]
    public void Origins_that_the_settings_allow_may_call()
    {
        _options.Current = new MycelOptions { Api = new ApiOptions { AllowedOrigins = ["https://app.example.com/", "http://localhost:3000"] } };
        Assert.True(_guard.IsAllowedOrigin("https://app.example.com", "localhost:8420"));
        Assert.True(_guard.IsAllowedOrigin("http://localhost:3000", "localhost:8420"));
        Assert.False(_guard.IsAllowedOrigin("http://app.example.com", "localhost:8420"));
        Assert.False(_guard.IsAllowedOrigin("https://app.example.com.evil.com", "localhost:8420"));
        Assert.False(_guard.IsAllowedOrigin("https://app.example.com:444", "localhost:8420"));
    }
}
