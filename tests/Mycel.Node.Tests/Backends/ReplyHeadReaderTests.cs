using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

public class ReplyHeadReaderTests
{
    [Theory]
    [InlineData("Content-Type: text/event-stream", true)]
    [InlineData("content-type: Text/Event-Stream; charset=utf-8", true)]
    [InlineData("Content-Type: application/json", false)]
    [InlineData("X: text/event-stream", false)]
    public void Event_streams_are_told_by_their_type(string header, bool isStream) => Assert.Equal(isStream, Read(header).IsEventStream);

    [Fact]
    public void Headers_go_on_but_those_of_the_hop_the_node_and_the_browser()
    {
        var head = Read(
            "Connection: keep-alive, X-Hop", "Keep-Alive: timeout=5", "X-Hop: 1", "Upgrade: h2c", "Trailer: X", "Date: x", "Server: x", "Set-Cookie: a=b",
            "Access-Control-Allow-Origin: *", "Vary: Origin", "X-Request-ID: theirs", "X-Mycel-Route: lie", "Content-Type: application/json", "Content-Length: 5",
            "OpenAI-Processing-Ms: 12", "x-ratelimit-remaining: 3", "Cache-Control: no-store");
        Assert.Equal(["OpenAI-Processing-Ms: 12", "x-ratelimit-remaining: 3", "Cache-Control: no-store"], head.Headers.Select(h => $"{h.Key}: {h.Value}"));
        Assert.Equal(("application/json", 5L), (head.ContentType, head.ContentLength));
    }

    [Fact]
    public void Headers_that_the_server_would_refuse_to_send_are_left_out()
    {
        var head = Read("X-Model: Qwen \xe9", "X-B\xe9: 1", "X-(: 1", "X-Nul: a\0b", "X-Tab: a\tb", "X-Cr: a\rb", "X-Good: yes", "Content-Type: application/json; x=\xff");
        Assert.Equal(["X-Good"], head.Headers.Select(h => h.Key));
        Assert.Null(head.ContentType);
    }

    [Fact]
    public void An_html_page_is_no_answer() => Assert.Throws<DeviceFaultException>(() => Read("Content-Type: Text/HTML; charset=utf-8"));

    [Theory]
    [InlineData("Content-Length: 7", 7, false)]
    [InlineData("Transfer-Encoding: chunked", -1, false)]
    [InlineData("X: y", -1, true)]
    public void The_length_and_what_ends_the_body_are_told(string header, long length, bool endsWithConnection)
    {
        var head = Read(header);
        Assert.Equal((length, endsWithConnection), (head.ContentLength, head.EndsWithConnection));
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("identity", false)]
    public void An_encoding_hides_the_text(string encoding, bool isEncoded) => Assert.Equal(isEncoded, Read("Content-Encoding: " + encoding).IsEncoded);

    private static ReplyHead Read(params string[] headers)
    {
        var head = new ResponseHead();
        Assert.True(head.TryParse(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\n{string.Join("\r\n", headers)}\r\n\r\n")) > 0);
        return ReplyHeadReader.Read(head);
    }
}
