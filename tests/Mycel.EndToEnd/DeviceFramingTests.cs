using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>The shapes in which HTTP/1.1 lets a device answer, and some in which it does not.</summary>
public sealed class DeviceFramingTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const string JsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    private static readonly string Body = Scripts.ChatBody("framed");

    private NodeProcess Node => shared.Node;

    private static Dictionary<string, string> GoodShapes
    {
        get
        {
            var length = Encoding.UTF8.GetByteCount(Body);
            var half = Body.Length / 2;
            return new Dictionary<string, string>
            {
                ["close-delimited"] = JsonHead + "\r\n" + Body,
                ["close-delimited 1.0"] = JsonHead.Replace("1.1", "1.0", StringComparison.Ordinal) + "\r\n" + Body,
                ["chunk extensions"] = JsonHead + $"Transfer-Encoding: chunked\r\n\r\n{half:x};name=value;q=\"a;b\"\r\n{Body[..half]}\r\n{Body.Length - half:X4} ; x\r\n{Body[half..]}\r\n0;last\r\n\r\n",
                ["trailers"] = JsonHead + $"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n{Body.Length:x}\r\n{Body}\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
                ["100 first"] = "HTTP/1.1 100 Continue\r\n\r\n" + JsonHead + $"Content-Length: {length}\r\n\r\n{Body}",
                ["103 first"] = "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + JsonHead + $"Content-Length: {length}\r\n\r\n{Body}",
                ["Connection: close"] = JsonHead + $"Content-Length: {length}\r\nConnection: close\r\n\r\n{Body}",
                ["odd header spelling"] = $"HTTP/1.1 200\r\ncontent-TYPE:application/json\r\nCONTENT-length:   {length}  \r\nX-Empty:\r\n\r\n{Body}",
                ["Chunked in capitals"] = JsonHead + $"Transfer-Encoding: Chunked\r\n\r\n{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n",
            };
        }
    }

    public static TheoryData<string> GoodNames => [.. GoodShapes.Keys];

    public static TheoryData<string> BadNames => [.. BadShapes.Keys];

    [Theory]
    [MemberData(nameof(GoodNames))]
    public async Task A_rightful_shape_is_understood(string shape)
    {
        await using var device = await shared.AddAsync();
        device.Next(Scripts.Raw(GoodShapes[shape]));
        var seen = (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.True(Body == seen.Text, $"{shape}: {seen.Text}");
        (await Node.ChatAsync(device.Model)).MustBe(200);
    }

    private static Dictionary<string, string> BadShapes => new()
    {
        ["not HTTP"] = "220 smtp.example ESMTP\r\n\r\n",
        ["no status"] = "HTTP/1.1\r\n\r\n",
        ["status 99999"] = "HTTP/1.1 99999 X\r\nContent-Length: 0\r\n\r\n",
        ["bad length"] = JsonHead + "Content-Length: abc\r\n\r\n{}",
        ["negative length"] = JsonHead + "Content-Length: -5\r\n\r\n{}",
        ["two lengths"] = JsonHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        ["bad chunk size"] = JsonHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        ["chunk overflow"] = JsonHead + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n",
        ["chunk without CRLF"] = JsonHead + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        ["head without end"] = JsonHead + "X: ",
        ["oversized field"] = JsonHead + "X: " + new string('x', 300_000) + "\r\nContent-Length: 2\r\n\r\n{}",
        ["too many fields"] = JsonHead + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"X-{i}: {i}\r\n")) + "Content-Length: 2\r\n\r\n{}",
        ["empty body"] = JsonHead + "Content-Length: 0\r\n\r\n",
        ["no JSON"] = JsonHead + "Content-Length: 5\r\n\r\nhello",
        ["web page"] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>",
        ["web page as JSON"] = JsonHead + "Content-Length: 15\r\n\r\n<html>hi</html>",
        ["redirect"] = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        ["permanent redirect"] = "HTTP/1.1 308 Moved\r\nLocation: /v1/elsewhere\r\nContent-Length: 0\r\n\r\n",
        ["no content"] = "HTTP/1.1 204 No Content\r\n\r\n",
        ["upgrade"] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    };

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task A_shape_that_is_no_answer_is_a_502_and_never_a_success(string shape)
    {
        await using var device = await shared.AddAsync();
        device.OnRequest = Scripts.Raw(BadShapes[shape]);
        foreach (var stream in new[] { false, true })
        {
            var seen = await Node.ChatAsync(device.Model, stream);
            Assert.True(seen.Status == 502, $"{shape}: {seen.Status} {seen.Text}");
            seen.MustRefuse(502);
        }

        Assert.DoesNotContain(device.Requests, request => request.Path != NodeCalls.ChatPath);
        device.OnRequest = Scripts.Proper;
        (await Node.ChatAsync(device.Model)).MustBe(200);
        (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
    }

    [Fact]
    public async Task A_reply_with_both_lengths_never_leaks_into_the_next_one()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        var smuggled = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"x\":666}";
        device.Next(Scripts.Raw(JsonHead + $"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n" + smuggled, End.KeepOpen));
        var first = await Node.ChatAsync(device.Model);
        if (first.Status == 200) Assert.Equal(Body, first.Text);
        else first.MustRefuse(502);
        for (var i = 0; i < 5; i++) Assert.DoesNotContain("666", (await Node.ChatAsync(device.Model)).MustBe(200).Text);
    }

    [Fact]
    public async Task Bytes_after_a_whole_reply_are_not_taken_for_the_next_one()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 1);
        device.Next(Scripts.Raw(JsonHead + $"Content-Length: {Body.Length}\r\n\r\n{Body}" + JsonHead + "Content-Length: 9\r\n\r\n{\"x\":666}", End.KeepOpen));
        Assert.Equal(Body, (await Node.ChatAsync(device.Model)).MustBe(200).Text);
        for (var i = 0; i < 5; i++) Assert.DoesNotContain("666", (await Node.ChatAsync(device.Model)).MustBe(200).Text);
    }

    [Fact]
    public async Task Hop_by_hop_fields_stop_at_the_node()
    {
        await using var device = await shared.AddAsync();
        device.Next(Scripts.Json(200, Body, "Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nTrailer: X\r\nUpgrade: h2c\r\nConnection: keep-alive, X-Private\r\nX-Private: p\r\nX-Public: q\r\n"));
        var reply = (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.Equal("q", reply["X-Public"]);
        foreach (var field in new[] { "Keep-Alive", "Proxy-Authenticate", "Upgrade", "X-Private" }) Assert.Null(reply[field]);
    }

    [Fact]
    public async Task A_client_mistake_is_passed_on_as_the_device_put_it()
    {
        await using var device = await shared.AddAsync();
        const string refusal = """{"error":{"message":"'messages' is too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""";
        foreach (var status in new[] { 400, 413, 422 })
        {
            foreach (var stream in new[] { false, true })
            {
                device.Next(Scripts.Json(status, refusal));
                Assert.Equal(refusal, (await Node.ChatAsync(device.Model, stream)).MustBe(status).Text);
            }
        }

        Assert.Equal(6, device.Requests.Count);
    }

    [Fact]
    public async Task A_close_delimited_stream_is_whole_only_with_its_end()
    {
        await using var device = await shared.AddAsync();
        const string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        var whole = Sse.Answer(["a", "b"], usage: false);
        device.Next(Scripts.Raw(head + whole), Scripts.Raw(head + Sse.Role() + Sse.Token("a")));
        Assert.Equal(whole, (await Node.ChatAsync(device.Model, stream: true)).MustBe(200).Text);
        var broken = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200).Text;
        Assert.Contains("stream_interrupted", broken);
        Assert.DoesNotContain("[DONE]", broken);
    }
}
