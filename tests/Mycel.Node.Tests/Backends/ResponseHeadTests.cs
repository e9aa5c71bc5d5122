using System.Text;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

public class ResponseHeadTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    /// <summary>Head, status, keep-alive, chunked, length.</summary>
    public static TheoryData<string, int, bool, bool, long> Valid => new()
    {
        { Ok + "Content-Length: 5\r\n\r\n", 200, true, false, 5 },
        { Ok + "content-length:5\r\n\r\n", 200, true, false, 5 },
        { Ok + "CONTENT-LENGTH: \t 5 \t\r\n\r\n", 200, true, false, 5 },
        { Ok + "Content-Length: 0\r\n\r\n", 200, true, false, 0 },
        { Ok + "Content-Length: 9223372036854775807\r\n\r\n", 200, true, false, long.MaxValue },
        { Ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, true, false, 5 },
        { Ok + "Content-Length: 5\r\nContent-Length: 005\r\n\r\n", 200, true, false, 5 },
        { Ok + "\r\n", 200, false, false, -1 },
        { Ok + "Content-Length: 5\r\nConnection: close\r\n\r\n", 200, false, false, 5 },
        { Ok + "Content-Length: 5\r\nConnection: x, CLOSE\r\n\r\n", 200, false, false, 5 },
        { Ok + "Content-Length: 5\r\nConnection: x,\tclose\r\n\r\n", 200, false, false, 5 },
        { Ok + "Content-Length: 5\r\nConnection: closed\r\n\r\n", 200, true, false, 5 },
        { Ok + "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n", 200, true, false, 5 },
        { Ok + "Transfer-Encoding: chunked\r\n\r\n", 200, true, true, -1 },
        { Ok + "transfer-encoding: Chunked\r\n\r\n", 200, true, true, -1 },
        { Ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 200, false, true, -1 },
        { Ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 200, false, true, -1 },
        { Ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n", 200, false, true, -1 },
        { "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, false, false, 5 },
        { "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n", 200, true, false, 5 },
        { "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", 200, false, false, 5 },
        { "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n", 200, false, true, -1 },
        { "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", 200, false, false, -1 },
        { "HTTP/1.1 204 No Content\r\n\r\n", 204, true, false, -1 },
        { "HTTP/1.1 304 \r\n\r\n", 304, true, false, -1 },
        { "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, true, false, 0 },
        { "HTTP/1.1 599 A long reason: with, things\r\nContent-Length: 0\r\n\r\n", 599, true, false, 0 },
        { "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 103, false, false, -1 },
        { "HTTP/1.1 200 OK\nContent-Length: 5\n\n", 200, true, false, 5 },
        { "HTTP/1.1 200 OK\nContent-Length: 5\n\r\n", 200, true, false, 5 },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n", 200, true, false, 5 },
    };

    public static TheoryData<string> Invalid =>
    [
        "HTTP/2 200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.1 +99 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n",
        "<html>\r\n\r\n", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "{\"a\":1}\n\n",
        Ok + "Content-Length: -5\r\n\r\n", Ok + "Content-Length: +5\r\n\r\n", Ok + "Content-Length: 5x\r\n\r\n", Ok + "Content-Length: 5, 5\r\n\r\n", Ok + "Content-Length:\r\n\r\n",
        Ok + "Content-Length: 0x5\r\n\r\n", Ok + "Content-Length: 9223372036854775808\r\n\r\n", Ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", Ok + "Content-Length: 5 5\r\n\r\n",
        Ok + "Transfer-Encoding: gzip\r\n\r\n", Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", Ok + "Transfer-Encoding: chunked, chunked\r\n\r\n", Ok + "Transfer-Encoding: identity\r\n\r\n",
        Ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", Ok + "Transfer-Encoding:\r\n\r\n",
        Ok + "NoColon\r\n\r\n", Ok + ": value\r\n\r\n", Ok + "A: b\r\n folded: line\r\n\r\n", Ok + "A: b\r\n\tmore\r\n\r\n", Ok + "Content-Length : 5\r\n\r\n", Ok + "Content-Length\r: 5\r\n\r\n", Ok + "A B: c\r\n\r\n", Ok + "Transfer-Encoding\t: chunked\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_valid_head_is_read_whatever_follows(string text, int status, bool keepAlive, bool chunked, long length)
    {
        foreach (var follows in new[] { "", "h", "\r\n\r\n", "\n\n", "hello\r\n\r\nHTTP/1.1 500 No\r\n\r\n", "\n\r\n" })
        {
            var head = new ResponseHead();
            Assert.Equal(text.Length, head.TryParse(Bytes(text + follows)));
            Assert.Equal((status, keepAlive, chunked, length), (head.Status, head.KeepAlive, head.IsChunked, head.ContentLength));
        }
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_part_of_a_head_waits_for_the_rest(string text, int status, bool keepAlive, bool chunked, long length)
    {
        Assert.True(status + length > 0 || keepAlive || chunked);
        var head = new ResponseHead();
        for (var part = 0; part < text.Length; part++) Assert.Equal(0, head.TryParse(Bytes(text[..part])));
        Assert.Equal(text.Length, head.TryParse(Bytes(text)));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_invalid_head_is_refused(string text)
    {
        var fault = Assert.Throws<DeviceFaultException>(() => new ResponseHead().TryParse(Bytes(text)));
        Assert.Equal(DeviceFaultKind.Invalid, fault.Kind);
    }

    [Fact]
    public void What_is_no_http_is_refused_at_its_fifth_byte()
    {
        Assert.Equal(0, new ResponseHead().TryParse("HTTP/"u8));
        Assert.Throws<DeviceFaultException>(() => new ResponseHead().TryParse("SSH-2"u8));
    }

    [Fact]
    public void Headers_are_found_by_name_whatever_their_case_and_kept_in_order()
    {
        var head = new ResponseHead();
        head.TryParse(Bytes(Ok + "A: 1\r\nX-Thing:  two words \r\nx-thing: second\r\nEmpty:\r\nColon: a:b: c\r\n\r\n"));
        Assert.Equal(5, head.HeaderCount);
        Assert.Equal("two words"u8, head.Find("x-thing"u8));
        Assert.Equal("x-thing"u8, head.Name(2));
        Assert.Equal("second"u8, head.Value(2));
        Assert.True(head.Find("empty"u8).IsEmpty);
        Assert.Equal("a:b: c"u8, head.Find("colon"u8));
        Assert.True(head.Find("absent"u8).IsEmpty);
    }

    [Fact]
    public void Nothing_of_one_head_is_left_in_the_next()
    {
        var head = new ResponseHead();
        head.TryParse(Bytes("HTTP/1.0 500 No\r\nTransfer-Encoding: chunked\r\nA: b\r\nC: d\r\nConnection: close\r\n\r\n"));
        head.TryParse(Bytes(Ok + "Content-Length: 3\r\n\r\n"));
        Assert.Equal((200, true, false, 3L, 1), (head.Status, head.KeepAlive, head.IsChunked, head.ContentLength, head.HeaderCount));
    }

    [Fact]
    public void Headers_are_bounded_in_number()
    {
        var most = Ok + string.Concat(Enumerable.Repeat("A: b\r\n", ResponseHead.MaxHeaders)) + "\r\n";
        var head = new ResponseHead();
        Assert.Equal(most.Length, head.TryParse(Bytes(most)));
        Assert.Equal(ResponseHead.MaxHeaders, head.HeaderCount);
        Assert.Throws<DeviceFaultException>(() => new ResponseHead().TryParse(Bytes(most[..^2] + "A: b\r\n\r\n")));
    }

    [Fact]
    public void A_head_is_bounded_in_size_whether_or_not_it_is_whole()
    {
        var frame = (Ok + "A: \r\n\r\n").Length;
        var largest = Ok + "A: " + new string('x', ResponseHead.MaxBytes - frame) + "\r\n\r\n";
        Assert.Equal(ResponseHead.MaxBytes, new ResponseHead().TryParse(Bytes(largest)));
        var larger = Ok + "A: " + new string('x', ResponseHead.MaxBytes - frame + 1) + "\r\n\r\n";
        Assert.Throws<DeviceFaultException>(() => new ResponseHead().TryParse(Bytes(larger)));
        Assert.Throws<DeviceFaultException>(() => new ResponseHead().TryParse(Bytes(Ok + "A: " + new string('x', ResponseHead.MaxBytes))));
    }

    [Fact]
    public void A_body_with_empty_lines_does_not_become_part_of_a_head_with_bare_line_feeds()
    {
        const string text = "HTTP/1.1 200 OK\nContent-Length: 12\n\nab\r\n\r\ncd\r\n\r\n";
        var head = new ResponseHead();
        Assert.Equal(text.IndexOf("ab", StringComparison.Ordinal), head.TryParse(Bytes(text)));
        Assert.Equal(12, head.ContentLength);
    }

    [Fact]
    public void Random_heads_are_read_or_refused_and_nothing_else()
    {
        string[] alphabet = ["HTTP/1.1 200 OK", "HTTP/1.0 404 No", "\r\n", "\n", "\r", "\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close", "A:", ":", " ", "\t", "\0", "é", "x"];
        for (var seed = 0; seed < 50_000; seed++)
        {
            var random = new Random(seed);
            var text = Bytes((random.Next(3) > 0 ? Ok : "") + string.Concat(Enumerable.Range(0, random.Next(0, 12)).Select(_ => alphabet[random.Next(alphabet.Length)])));
            var head = new ResponseHead();
            try
            {
                var used = head.TryParse(text);
                Assert.True(used >= 0 && used <= text.Length, $"seed {seed}");
                for (var i = 0; used > 0 && i < head.HeaderCount; i++)
                {
                    Assert.False(head.Name(i).ContainsAny("\r\n"u8) || head.Value(i).Contains((byte)'\n'), $"seed {seed}");
                }
            }
            catch (DeviceFaultException)
            {
                // Refused, which is right for most of these.
            }
        }
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
