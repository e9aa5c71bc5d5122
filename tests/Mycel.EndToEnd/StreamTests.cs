using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>A stream's bytes are the device's bytes.</summary>
public sealed class StreamTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const string Asked = ",\"stream_options\":{\"include_usage\":true}";

    private NodeProcess Node => shared.Node;

    private static Dictionary<string, string> Payloads => new()
    {
        ["tokens and usage"] = Sse.Answer(["a", "b", "c"], usage: true),
        ["many bytes a character"] = Sse.Answer(["日本語", "😀 👩‍👩‍👧", "é", " \\n "], usage: true),
        ["comments everywhere"] = ": keep-alive\n\n: another\n\n" + Sse.Role() + ": between\n\n" + Sse.Token("x") + ":\n\n" + Sse.Finish() + Sse.Done + ": after\n\n",
        ["CRLF"] = Sse.Answer(["c", "r"], usage: true).Replace("\n", "\r\n", StringComparison.Ordinal),
        ["other fields"] = "event: message\nid: 7\nretry: 10\n" + Sse.Token("fields") + Sse.Finish() + Sse.Done,
        ["no space after the colon"] = Sse.Token("no space").Replace("data: ", "data:", StringComparison.Ordinal) + Sse.Finish() + Sse.Done,
        ["a tool call"] = Sse.Event("m", """{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]}""") + Sse.Finish("tool_calls") + Sse.Done,
        ["reasoning"] = Sse.Event("m", """{"reasoning_content":"hm"}""") + Sse.Event("m", """{"reasoning":"hm"}""") + Sse.Token("so") + Sse.Finish("length") + Sse.Done,
        ["an empty answer"] = Sse.Role() + Sse.Finish() + Sse.Done,
        ["a very long event"] = Sse.Token(new string('l', 200_000)) + Sse.Finish() + Sse.Done,
        ["no blank line at the end"] = Sse.Token("x") + Sse.Finish() + "data: [DONE]",
        ["usage twice"] = Sse.Token("x") + Sse.Finish() + Sse.Usage(1, 2) + Sse.Usage(1, 2) + Sse.Done,
    };

    public static TheoryData<string> PayloadNames => [.. Payloads.Keys];

    [Theory]
    [MemberData(nameof(PayloadNames))]
    public async Task A_stream_arrives_byte_for_byte(string name)
    {
        var payload = Payloads[name];
        await using var device = await shared.AddAsync();
        var bytes = Encoding.UTF8.GetBytes(payload);
        device.Next(Scripts.StreamInPieces(bytes, bytes.Length), Scripts.StreamInPieces(bytes, 1_000));
        for (var i = 0; i < 2; i++)
        {
            var reply = (await Node.ChatAsync(device.Model, stream: true, Asked)).MustBe(200);
            Assert.Equal(payload, reply.Text);
            Assert.Equal(bytes, reply.Bytes);
            Assert.StartsWith("text/event-stream", reply["Content-Type"]);
        }
    }

    [Fact]
    public async Task A_stream_that_comes_one_byte_at_a_time_arrives_byte_for_byte()
    {
        await using var device = await shared.AddAsync();
        var bytes = Encoding.UTF8.GetBytes(": hi\n\n" + Sse.Answer(["日本", "😀", "end"], usage: true).Replace("\n\n", "\r\n\r\n", StringComparison.Ordinal));
        device.Next(Scripts.StreamInPieces(bytes, 1));
        Assert.Equal(bytes, (await Node.ChatAsync(device.Model, stream: true, Asked)).MustBe(200).Bytes);
    }

    [Fact]
    public async Task A_stream_split_at_any_byte_arrives_byte_for_byte_and_its_usage_is_held_back()
    {
        await using var device = await shared.AddAsync();
        var shown = Sse.Token("日") + Sse.Finish();
        var bytes = Encoding.UTF8.GetBytes(shown + Sse.Usage(5, 1) + Sse.Done);
        var cuts = Enumerable.Range(1, bytes.Length - 1).ToList();
        device.OnRequest = exchange => SplitAsync(exchange, bytes, cuts[device.Requests.Count - 1]);
        foreach (var cut in cuts)
        {
            var reply = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
            Assert.True(shown + Sse.Done == reply.Text, $"Cut at {cut}: {reply.Text}");
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task Usage_the_client_did_not_ask_for_is_taken_out_and_counted(string lineEnd)
    {
        await using var device = await shared.AddAsync();
        var before = Sse.Role() + Sse.Token("a") + Sse.Token("b") + Sse.Finish();
        var payload = before + Sse.Usage(11, 2) + Sse.Done;
        device.Next(Scripts.StreamInPieces(Encoding.UTF8.GetBytes(payload.Replace("\n", lineEnd, StringComparison.Ordinal)), 40));
        var reply = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.Equal((before + Sse.Done).Replace("\n", lineEnd, StringComparison.Ordinal), reply.Text);
        var record = await Node.RecordAsync(reply["X-Request-ID"]!);
        Assert.Equal(11, (int?)record["prompt_tokens"]);
        Assert.Equal(2, (int?)record["completion_tokens"]);
    }

    [Fact]
    public async Task Usage_beside_real_output_stays_where_it_is()
    {
        await using var device = await shared.AddAsync();
        const string withUsage = """data: {"id":"c","choices":[{"index":0,"delta":{"content":"z"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""" + "\n\n";
        var payload = Sse.Token("x") + """data: {"id":"c","choices":[{"index":0,"delta":{"content":"y"},"finish_reason":null}],"usage":null}""" + "\n\n" + withUsage + Sse.Done;
        device.Next(Scripts.Stream(payload));
        var reply = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.Equal(payload, reply.Text);
        var record = await Node.RecordAsync(reply["X-Request-ID"]!);
        Assert.Equal(3, (int?)record["prompt_tokens"]);
        Assert.Equal(1, (int?)record["completion_tokens"]);
    }

    [Fact]
    public async Task Words_that_look_like_usage_inside_a_token_are_no_usage()
    {
        await using var device = await shared.AddAsync();
        var payload = Sse.Token("""{"usage":{"prompt_tokens":999,"completion_tokens":999},"choices":[]}""") + Sse.Finish() + Sse.Done;
        device.Next(Scripts.Stream(payload));
        var reply = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.Equal(payload, reply.Text);
        Assert.Null((int?)(await Node.RecordAsync(reply["X-Request-ID"]!))["prompt_tokens"]);
    }

    [Fact]
    public async Task A_plain_answer_arrives_byte_for_byte_and_is_counted()
    {
        await using var device = await shared.AddAsync();
        var body = Scripts.ChatBody("日本 😀 \"q\" " + new string('y', 100_000));
        device.Next(Scripts.Json(200, body, "X-Device-Extra: one\r\nOpenAI-Processing-Ms: 5\r\n"));
        var reply = (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.Equal(body, reply.Text);
        Assert.Equal("one", reply["X-Device-Extra"]);
        Assert.Equal("5", reply["OpenAI-Processing-Ms"]);
        var record = await Node.RecordAsync(reply["X-Request-ID"]!);
        Assert.Equal(7, (int?)record["prompt_tokens"]);
        Assert.Equal(3, (int?)record["completion_tokens"]);
        Assert.Equal(200, (int?)record["status"]);
    }

    [Fact]
    public async Task Each_token_is_passed_on_before_the_next_exists()
    {
        await using var device = await shared.AddAsync();
        var gates = Enumerable.Range(0, 5).Select(_ => new Gate()).ToList();
        device.Next(async exchange =>
        {
            await exchange.SendAsync(Scripts.StreamHead);
            for (var i = 0; i < gates.Count; i++)
            {
                await exchange.SendAsync(Scripts.Chunk(Sse.Token($"token-{i}")));
                await gates[i].PassedAsync(exchange.Gone);
            }

            await exchange.SendAsync(Scripts.Chunk(Sse.Finish() + Sse.Done));
            await exchange.SendAsync(Scripts.LastChunk);
        });
        await using var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, stream: true)));
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);
        for (var i = 0; i < gates.Count; i++)
        {
            await client.ReadUntilAsync($"token-{i}");
            gates[i].Open();
        }

        Assert.EndsWith(Sse.Done, Encoding.UTF8.GetString(await client.ReadBodyAsync()));
    }

    [Fact]
    public async Task Many_streams_at_once_lose_and_mix_nothing()
    {
        await using var device = await shared.AddAsync(maxConcurrent: 64);
        device.OnRequest = async exchange =>
        {
            var mark = (string)exchange.Request.Json["user"]!;
            await exchange.SendAsync(Scripts.StreamHead);
            for (var i = 0; i < 100; i++)
            {
                await exchange.SendAsync(Scripts.Chunk(Sse.Token($"{mark}.{i} ")));
                if (i % 10 == 0) await Task.Delay(1);
            }

            await exchange.SendAsync(Scripts.Chunk(Sse.Finish() + Sse.Done));
            await exchange.SendAsync(Scripts.LastChunk);
        };
        var replies = await Task.WhenAll(Enumerable.Range(0, 48).Select(i => Node.ChatAsync(device.Model, stream: true, $",\"user\":\"s{i}\"")));
        for (var i = 0; i < replies.Length; i++)
        {
            Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(t => $"s{i}.{t} ")), string.Concat(Sse.Contents(replies[i].Text)));
        }
    }

    private static async Task SplitAsync(DeviceExchange exchange, byte[] payload, int cut)
    {
        await exchange.SendAsync(Scripts.StreamHead);
        await exchange.SendAsync(Scripts.Chunk(payload.AsSpan(0, cut)));
        await exchange.SendAsync(Scripts.Chunk(payload.AsSpan(cut)));
        await exchange.SendAsync(Scripts.LastChunk);
    }
}
