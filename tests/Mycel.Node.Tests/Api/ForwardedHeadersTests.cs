using System.Text;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Api.OpenAi;
using Mycel.Node.Execution;

namespace Mycel.Node.Tests.Api;

public class ForwardedHeadersTests
{
    [Theory]
    [InlineData("Authorization")]
    [InlineData("authorization")]
    [InlineData("X-Api-Key")]
    [InlineData("x-api-key")]
    [InlineData("api-key")]
    [InlineData("Cookie")]
    [InlineData("Proxy-Authorization")]
    [InlineData("X-Forwarded-Access-Token")]
    [InlineData("X-Goog-Api-Key")]
    public void What_proves_who_the_caller_is_never_goes_along(string name) => Assert.DoesNotContain("s3cret", Write((name, "Bearer s3cret")), StringComparison.Ordinal);

    [Theory]
    [InlineData("Host")]
    [InlineData("Content-Length")]
    [InlineData("Transfer-Encoding")]
    [InlineData("TE")]
    [InlineData("Upgrade")]
    [InlineData("Expect")]
    [InlineData("Accept-Encoding")]
    [InlineData("Origin")]
    [InlineData("Forwarded")]
    [InlineData("X-Forwarded-For")]
    [InlineData("X-Forwarded-Prefix")]
    [InlineData("X-Real-IP")]
    [InlineData("X-Request-ID")]
    [InlineData("X-Mycel-Deadline-Ms")]
    [InlineData(":authority")]
    public void Headers_of_the_hop_and_of_the_callers_place_stay_here(string name) => Assert.Equal("X-Mycel-Via: node-1\r\n", Write((name, "x")));

    [Fact]
    public void Headers_that_connection_names_are_of_the_hop_too() =>
        Assert.Equal("X-Stay: 2\r\nX-Mycel-Via: node-1\r\n", Write(("Connection", "keep-alive, X-Hop ,other"), ("x-hop", "1"), ("Other", "1"), ("X-Stay", "2")));

    [Fact]
    public void All_others_go_along_as_they_are() =>
        Assert.Equal(
            "Accept: text/event-stream\r\nOpenAI-Organization: org\r\nUser-Agent: x/1 (é 🌍)\r\nX-Two: a\r\nX-Two: b\r\nX-Mycel-Via: node-1\r\n",
            Write(("Accept", "text/event-stream"), ("OpenAI-Organization", "org"), ("User-Agent", "x/1 (é 🌍)"), ("X-Two", "a"), ("X-Two", "b")));

    [Fact]
    public void Many_and_long_headers_are_written_whole()
    {
        var headers = Enumerable.Range(1, 300).Select(i => ($"X-{i}", new string('é', i * 10))).ToArray();
        var lines = Write(headers).Split("\r\n");
        Assert.Equal(headers.Select(h => $"{h.Item1}: {h.Item2}").Append("X-Mycel-Via: node-1").Append("").Order(StringComparer.Ordinal), lines.Order(StringComparer.Ordinal));
    }

    private static string Write(params (string Name, string Value)[] headers)
    {
        var dictionary = new HeaderDictionary();
        foreach (var (name, value) in headers) dictionary.Append(name, value);
        using var target = new PooledBuffer();
        ForwardedHeaders.Write(dictionary, "node-1", target);
        return Encoding.UTF8.GetString(target.Written);
    }
}
