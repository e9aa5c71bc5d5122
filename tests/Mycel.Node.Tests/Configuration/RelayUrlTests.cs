using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class RelayUrlTests
{
    [Theory]
    [InlineData("http://gpu:11434", "http://gpu:11434", "gpu")]
    [InlineData("  HTTP://GPU.Local:11434/v1/  ", "http://gpu.local:11434", "gpu.local")]
    [InlineData("http://gpu:80/v1", "http://gpu", "gpu")]
    [InlineData("https://gpu:443//", "https://gpu", "gpu")]
    [InlineData("https://api.example.org/Team/openai/v1", "https://api.example.org/Team/openai", "api.example.org")]
    [InlineData("https://gateway.example.org/v1/account/openai", "https://gateway.example.org/v1/account/openai", "gateway.example.org")]
    [InlineData("http://[::1]:8000/v1", "http://[::1]:8000", "ip6---1")]
    [InlineData("http://192.168.1.20:1234", "http://192.168.1.20:1234", "192.168.1.20")]
    [InlineData("http://bücher.example:1", "http://xn--bcher-kva.example:1", "xn--bcher-kva.example")]
    public void Addresses_come_into_one_form(string text, string expected, string name)
    {
        Assert.True(RelayUrl.TryNormalize(text, out var url, out var error), error);
        Assert.Equal(expected, url);
        Assert.Equal("", error);
        Assert.Equal(name, RelayUrl.DefaultName(url));
        Assert.True(RelayUrl.IsName(RelayUrl.DefaultName(url)));
        Assert.True(RelayUrl.TryNormalize(url, out var again, out _));
        Assert.Equal(url, again);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("localhost:11434")]
    [InlineData("gpu")]
    [InlineData("/v1")]
    [InlineData("http://")]
    [InlineData("http:///v1")]
    [InlineData("http://a b")]
    [InlineData("http://a:99999")]
    [InlineData("http://a:0")]
    [InlineData("ws://a")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://u:p@a")]
    [InlineData("http://a/?x=1")]
    [InlineData("http://a/#x")]
    [InlineData("http://a\r\nHost: b")]
    [InlineData("http://a/v1/models")]
    public void Others_are_refused_with_a_reason(string? text)
    {
        Assert.False(RelayUrl.TryNormalize(text, out var url, out var error));
        Assert.Equal("", url);
        Assert.NotEqual("", error);
    }

    [Fact]
    public void An_address_longer_than_the_bound_is_refused()
    {
        var path = new string('a', RelayUrl.MaxLength - "http://h/".Length);
        Assert.True(RelayUrl.TryNormalize("http://h/" + path, out _, out _));
        Assert.False(RelayUrl.TryNormalize("http://h/a" + path, out _, out _));
    }

    [Fact]
    public void Default_names_tell_devices_apart_by_port_where_needed_and_stay_within_bounds()
    {
        var options = Loading.OfYaml(
            "relays: ['http://localhost:11434', 'http://localhost:1234', 'http://gpu:1', 'http://localhost:1234/b', {url: 'http://x:5', name: localhost-1234}]").Options!;
        Assert.Equal(["localhost-11434", "localhost-1234-2", "gpu", "localhost-1234-3", "localhost-1234"], options.Relays.Select(r => r.Name));

        var host = string.Join('.', Enumerable.Repeat(new string('a', 40), 3));
        Assert.Equal(RelayUrl.MaxNameLength, RelayUrl.DefaultName($"http://{host}:8000", withPort: true).Length);
        Assert.EndsWith("-8000", RelayUrl.DefaultName($"http://{host}:8000", withPort: true), StringComparison.Ordinal);
    }
}
