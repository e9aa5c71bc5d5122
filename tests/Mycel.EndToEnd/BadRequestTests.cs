using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Requests that are wrong are refused with the right status, OpenAI's envelope and a sentence, and no device hears of them.</summary>
public sealed class BadRequestTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const int Megabyte = 1 << 20;

    private NodeProcess Node => shared.Node;

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("hello")]
    [InlineData("{'model':'NAME'}")]
    [InlineData("""{"model":"NAME",}""")]
    [InlineData("""{"model":"NAME" "x":1}""")]
    [InlineData("""{"model":"NAME","messages":[}""")]
    [InlineData("""{"model":"NAME","messages":[]} trailing""")]
    [InlineData("""{"model":"NAME","messages":[]}{}""")]
    [InlineData("""{"model":"NAME","x":nul}""")]
    [InlineData("""{"model":"NAME","x":01}""")]
    [InlineData("""{"model":"NAME","x":NaN}""")]
    [InlineData("""{"model":"NAME","x":"\q"}""")]
    [InlineData("{\"model\":\"NAME\",\"x\":\"a\nb\"}")]
    [InlineData("""{"model":"NAME","x":"unterminated}""")]
    [InlineData("""{"model":"NAME","messages":[{"role":"user","content":"hi"}""")]
    [InlineData("""{"model":"NAME" /* a comment */}""")]
    public async Task Malformed_JSON_is_refused_with_its_position(string template)
    {
        await using var device = await shared.AddAsync();
        var reply = await Node.PostAsync(NodeCalls.ChatPath, template.Replace("NAME", device.Model, StringComparison.Ordinal));
        var message = reply.MustRefuse(400, "invalid_json");
        Assert.Matches(@"(line|byte|position|column|offset|character)\D{0,12}\d+|no body", message);
        Assert.Equal(0, device.HeadsSeen);
    }

    [Fact]
    public async Task The_position_is_that_of_the_mistake()
    {
        var reply = await Node.PostAsync(NodeCalls.ChatPath, "{\n  \"model\": \"m\",\n  \"x\": oops\n}");
        Assert.Matches(@"line\D{0,4}3|byte\D{0,12}2[5-9]|position\D{0,4}2[5-9]", reply.MustRefuse(400, "invalid_json"));
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        await using var device = await shared.AddAsync();
        byte[] body = [.. Encoding.ASCII.GetBytes($$"""{"model":"{{device.Model}}","messages":[],"x":""" + "\""), 0xff, 0xfe, 0x80, .. "\"}"u8];
        (await Node.PostAsync(NodeCalls.ChatPath, body)).MustRefuse(400, "invalid_json");
        Assert.Equal(0, device.HeadsSeen);
    }

    [Fact]
    public async Task Nesting_without_end_is_refused_and_does_no_harm()
    {
        await using var device = await shared.AddAsync();
        var reply = await Node.PostAsync(NodeCalls.ChatPath, $$"""{"model":"{{device.Model}}","x":""" + new string('[', 1_000_000));
        reply.MustRefuse(400, "invalid_json");
        (await Node.ChatAsync(device.Model)).MustBe(200);
    }

    [Theory]
    [InlineData("[]", "invalid_json")]
    [InlineData("\"text\"", "invalid_json")]
    [InlineData("12", "invalid_json")]
    [InlineData("null", "invalid_json")]
    [InlineData("""{"model":5}""", "invalid_type")]
    [InlineData("""{"model":["NAME"]}""", "invalid_type")]
    [InlineData("""{"model":{"id":"NAME"}}""", "invalid_type")]
    [InlineData("""{"model":true}""", "invalid_type")]
    [InlineData("""{"model":"NAME","stream":"yes"}""", "invalid_type")]
    [InlineData("""{"model":"NAME","stream":1}""", "invalid_type")]
    [InlineData("""{"model":"NAME","stream":true,"stream_options":3}""", "invalid_type")]
    [InlineData("""{"model":"NAME","stream":true,"stream_options":{"include_usage":"x"}}""", "invalid_type")]
    [InlineData("{}", "missing_model")]
    [InlineData("""{"messages":[]}""", "missing_model")]
    [InlineData("""{"model":""}""", "missing_model")]
    [InlineData("""{"model":null}""", "invalid_type")]
    [InlineData("""{"x":{"model":"NAME"}}""", "missing_model")]
    public async Task A_value_of_the_wrong_type_is_named(string template, string code)
    {
        await using var device = await shared.AddAsync();
        foreach (var path in new[] { NodeCalls.ChatPath, "/v1/completions", "/v1/embeddings" })
        {
            if (path == "/v1/embeddings" && template.Contains("stream", StringComparison.Ordinal)) continue;
            var reply = await Node.PostAsync(path, template.Replace("NAME", device.Model, StringComparison.Ordinal));
            reply.MustRefuse(400, code);
            if (template.StartsWith("""{"model":""", StringComparison.Ordinal) && code == "invalid_type")
            {
                var expected = template.Contains("stream_options", StringComparison.Ordinal) ? "stream_options" : template.Contains("stream", StringComparison.Ordinal) ? "stream" : "model";
                Assert.StartsWith(expected, (string?)reply.Json["error"]!["param"]);
            }
        }

        Assert.Equal(0, device.HeadsSeen);
    }

    [Fact]
    public async Task A_second_model_in_the_same_body_cannot_differ_from_the_one_routed()
    {
        await using var first = await shared.AddAsync();
        await using var second = await shared.AddAsync();
        var reply = await Node.PostAsync(NodeCalls.ChatPath, $$"""{"model":"{{first.Model}}","model":"{{second.Model}}"}""");
        if (reply.Status == 400)
        {
            reply.MustRefuse(400);
            return;
        }

        // Nearly every JSON parser takes the last of equal names.
        Assert.Empty(first.Requests);
        Assert.Single(second.Requests);
    }

    [Fact]
    public async Task An_unknown_model_is_a_404_that_names_near_ones()
    {
        await using var device = await shared.AddAsync(models: "llama-3.2-near-instruct");
        foreach (var stream in new[] { false, true })
        {
            foreach (var said in new[] { "llama-3.2-naer-instruct", "relay:llama-3.2-near-instruc", "LLAMA-3.2-near-instruct-q4" })
            {
                var reply = await Node.ChatAsync(said, stream);
                var parts = reply.MustRefuse(404, "model_not_found").Split("Did you mean");
                Assert.Contains(said, parts[0]);
                Assert.Contains("llama-3.2-near-instruct", parts[1]);
                Assert.Equal("model", (string?)reply.Json["error"]!["param"]);
            }
        }

        Assert.Equal(0, device.HeadsSeen);
    }

    [Fact]
    public async Task A_model_nobody_has_is_never_answered_by_another()
    {
        await using var device = await shared.AddAsync();
        foreach (var said in new[] { "zzz-unknown", "default", "auto", "relay:", "relay:zzz", "relay:nodevice:" + device.Model, device.Model + " ", " " + device.Model, "peer:x", "gpt-4o" })
        {
            (await Node.ChatAsync(said)).MustRefuse(404, "model_not_found");
            (await Node.PostAsync("/v1/embeddings", $$"""{"model":"{{said}}","input":"x"}""")).MustRefuse(404, "model_not_found");
            (await Node.GetAsync("/v1/models/" + Uri.EscapeDataString(said))).MustRefuse(404, "model_not_found");
        }

        Assert.Equal(0, device.HeadsSeen);
    }

    [Fact]
    public async Task An_unknown_name_that_is_long_or_hostile_is_repeated_with_care()
    {
        var reply = await Node.ChatAsync(new string('x', 1_000_000));
        Assert.InRange(reply.Status, 400, 404);
        reply.MustRefuse(reply.Status);
        Assert.True(reply.Bytes.Length < 10_000, "A refusal must not send back what a caller stuffed into it.");
        (await Node.ChatAsync("<script>\r\n\u0007{{evil}}")).MustRefuse(404, "model_not_found");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_by_its_declared_length()
    {
        await using var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {64 * Megabyte + 1}\r\n\r\n");
        var head = await client.ReadHeadAsync();
        var reply = Reply.From((head, await client.ReadBodyAsync()));
        Assert.Contains("64", reply.MustRefuse(413, "body_too_large"));
    }

    [Fact]
    public async Task A_chunked_body_over_the_limit_is_refused_where_it_passes_it()
    {
        await using var device = FaultyDevice.Start();
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  max_body_mb: 1\n", Devices = [device] });
        await using var client = await RawConnection.OpenAsync(node);
        await client.SendAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync(Scripts.Chunk(NodeCalls.ChatBody(device.Model)[..^1] + ",\"pad\":\""));
        var piece = Scripts.Chunk(new string('p', 65_536));
        for (var i = 0; i < 17; i++) await client.SendAsync(piece);
        var head = await client.ReadHeadAsync();
        Reply.From((head, await client.ReadBodyAsync())).MustRefuse(413, "body_too_large");
        Assert.Equal(0, device.HeadsSeen);

        (await node.PostAsync(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, more: ",\"pad\":\"" + new string('p', Megabyte - 200) + "\""))).MustBe(200);
    }

    [Fact]
    public async Task Messages_that_two_parsers_could_read_differently_are_refused()
    {
        await using var device = await shared.AddAsync();
        var body = NodeCalls.ChatBody(device.Model);
        string[] heads =
        [
            $"Content-Length: {body.Length}\r\nContent-Length: {body.Length + 1}\r\n",
            $"Content-Length: {body.Length}\r\nTransfer-Encoding: xchunked\r\n",
            "Content-Length: -1\r\n",
            $"Content-Length: {body.Length}\r\nBad Header: x\r\n",
        ];
        foreach (var fields in heads)
        {
            await using var client = await RawConnection.OpenAsync(Node);
            await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{body}");
            Assert.InRange((await client.ReadHeadAsync()).Status, 400, 499);
        }

        Assert.Equal(0, device.HeadsSeen);
    }
}
