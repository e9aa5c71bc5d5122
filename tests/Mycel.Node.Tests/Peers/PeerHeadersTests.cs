using System.Text;
using Mycel.Node.Execution;
using Mycel.Node.Peers;

namespace Mycel.Node.Tests.Peers;

public sealed class PeerHeadersTests
{
    private const string Node = "bbbb";

    [Fact]
    public void End_to_end_headers_go_on_as_they_came_and_this_node_is_added_to_those_passed()
    {
        Assert.Equal(
            "Content-Type: application/json\r\nOpenAI-Organization: a b\r\nX-Mycel-Via: aaaa,bbbb\r\n",
            Copy("Content-Type: application/json\r\nX-Mycel-Via: aaaa\r\nOpenAI-Organization: a b\r\n"));
    }

    [Fact]
    public void Without_any_header_this_node_is_the_first_that_is_named() => Assert.Equal("X-Mycel-Via: bbbb\r\n", Copy(""));

    [Theory]
    [InlineData("Authorization: Bearer x")]
    [InlineData("cookie: a=b")]
    [InlineData("Content-Length: 4")]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("Host: elsewhere")]
    [InlineData("Connection: close")]
    [InlineData("X-Forwarded-For: 1.2.3.4")]
    [InlineData("X-Request-ID: mine")]
    public void What_frames_a_request_or_proves_who_someone_is_stays_behind(string line) => Assert.Equal("X-Mycel-Via: bbbb\r\n", Copy(line + "\r\n"));

    [Theory]
    [InlineData("A: b\r\n\r\nPOST / HTTP/1.1\r\n")]
    [InlineData("A: b\nContent-Length: 9\r\n")]
    [InlineData("A: b\rContent-Length: 9\r\n")]
    [InlineData("A: b\0\r\n")]
    [InlineData("A b: c\r\n")]
    [InlineData("A : c\r\n")]
    [InlineData(": c\r\n")]
    [InlineData("no colon\r\n")]
    [InlineData(" A: folded\r\n")]
    [InlineData("A: no end")]
    public void Malformed_lines_and_requests_hidden_in_them_are_refused(string lines) => Assert.Null(Copy(lines));

    [Fact]
    public void Too_many_bytes_are_refused() => Assert.Null(Copy(string.Concat(Enumerable.Repeat("A: bcdefgh\r\n", PeerHeaders.MaxBytes / 12 + 1))));

    [Theory]
    [InlineData("aaaa,bbbb", true)]
    [InlineData("BBBB", true)]
    [InlineData("a,b,c,d,e,f,g,h,i", true)]
    [InlineData("a,b,c", false)]
    public void A_request_that_went_round_or_too_far_is_told_as_that(string passed, bool expected)
    {
        using var target = new PooledBuffer();

        var isCopied = PeerHeaders.TryCopy(Encoding.ASCII.GetBytes($"X-Mycel-Via: {passed}\r\n"), Node, target, out var isLoop);

        Assert.Equal((!expected, expected), (isCopied, isLoop));
    }

    private static string? Copy(string lines)
    {
        using var target = new PooledBuffer();
        return PeerHeaders.TryCopy(Encoding.ASCII.GetBytes(lines), Node, target, out _) ? Encoding.ASCII.GetString(target.Written) : null;
    }
}
