using System.Text;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>What the device receives is what the client sent, but for the values the node must change.</summary>
public sealed class RequestBodyTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private NodeProcess Node => shared.Node;

    [Theory]
    [InlineData("""{"model":"NAME","messages":[]}""")]
    [InlineData("""{ "messages" : [ ] ,  "model"  :  "NAME" , "x" : 1 }""")]
    [InlineData("{\r\n\t\"model\": \"NAME\",\r\n\t\"n\": 1.0e+2, \"big\": 123456789012345678901234567890, \"neg\": -0.0,\r\n\t\"messages\": []\r\n}\r\n")]
    [InlineData("""{"model":"NAME","metadata":{"model":"other","stream":true},"messages":[{"role":"user","content":"\u0041\u00e9\ud83d\ude00 \/ é 😀 \" \\"}]}""")]
    [InlineData("""{"logit_bias":{"50256":-100},"model":"NAME","user":"u","n":2,"logprobs":true,"reasoning_effort":"low","x_unknown":{"deep":[[[{}]]]},"grammar":"root ::= \"a\"","messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"model":{"type":"string"}}}}}],"model":"NAME","tool_choice":"auto","parallel_tool_calls":false,"response_format":{"type":"json_schema","json_schema":{}},"messages":[]}""")]
    [InlineData("""{"model":"NAME","stream":false,"messages":[],"stream_options":null}""")]
    [InlineData("""{"model":"NAME","messages":[],"max_tokens":5,"stream":true,"stream_options":{"include_usage":true}}""")]
    public async Task A_body_with_the_bare_name_arrives_byte_for_byte(string template)
    {
        await using var device = await shared.AddAsync();
        var body = template.Replace("NAME", device.Model, StringComparison.Ordinal);
        (await Node.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
        Assert.Equal(body, (await device.RequestAsync()).BodyText);
    }

    [Theory]
    [InlineData("""{"model":"@","messages":[],"x_unknown":[1,2]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"relay:@"}],"model" :  "@"  }""")]
    [InlineData("""{"metadata":{"model":"relay:x"},"temperature":0.70,"model":"@","stream":false,"messages":[],"user":"\u00e9"}""")]
    public async Task Only_the_value_of_model_changes_for_a_routed_name(string template)
    {
        await using var device = await shared.AddAsync(name: "dev-" + Guid.NewGuid().ToString("N")[..8]);
        var name = (string)(await Node.RelayAsync(device))!["name"]!;
        var expected = template.Replace("\"@\"", $"\"{device.Model}\"", StringComparison.Ordinal);
        foreach (var said in new[] { $"relay:{device.Model}", $"relay:{name}:{device.Model}" })
        {
            (await Node.PostAsync(NodeCalls.ChatPath, template.Replace("\"@\"", $"\"{said}\"", StringComparison.Ordinal))).MustBe(200);
        }

        Assert.Equal(2, device.Requests.Count);
        Assert.All(device.Requests, request => Assert.Equal(expected, request.BodyText));
    }

    [Theory]
    [InlineData("modèle-日本-😀")]
    [InlineData("org/Model-7B.Q4_K_M.gguf")]
    [InlineData("llama3.2:1b")]
    [InlineData("name with spaces & \"quotes\" \\ back")]
    [InlineData("hf.co/a/b:Q4_0")]
    public async Task A_model_with_an_unusual_name_is_served_on_every_path(string model)
    {
        await using var device = await shared.AddAsync(name: "odd-" + Guid.NewGuid().ToString("N")[..8], models: model);
        var name = (string)(await Node.RelayAsync(device))!["name"]!;
        Assert.Contains("relay:" + model, await Node.ModelIdsAsync());
        foreach (var said in new[] { model, "relay:" + model, $"relay:{name}:{model}" })
        {
            foreach (var stream in new[] { false, true })
            {
                (await Node.ChatAsync(said, stream)).MustBe(200);
                Assert.Equal(model, (string?)device.Requests[^1].Json["model"]);
            }

            var listed = (await Node.GetAsync("/v1/models/" + Uri.EscapeDataString(said))).MustBe(200);
            Assert.Equal("model", (string?)listed.Json["object"]);
        }
    }

    [Fact]
    public async Task A_model_name_written_with_escapes_is_understood()
    {
        await using var device = await shared.AddAsync();
        var escaped = string.Concat($"relay:{device.Model}".Select(c => $"\\u{(int)c:x4}"));
        (await Node.PostAsync(NodeCalls.ChatPath, $$"""{"\u006dodel":"{{escaped}}","messages":[]}""")).MustBe(200);
        var seen = await device.RequestAsync();
        Assert.Equal($$"""{"\u006dodel":"{{device.Model}}","messages":[]}""", seen.BodyText);
    }

    [Theory]
    [InlineData("", """{"include_usage":true}""")]
    [InlineData(""","stream_options":null""", """{"include_usage":true}""")]
    [InlineData(""","stream_options":{}""", """{"include_usage":true}""")]
    [InlineData(""","stream_options":{"include_usage":false}""", """{"include_usage":true}""")]
    [InlineData(""","stream_options":{"include_obfuscation":false}""", """{"include_obfuscation":false,"include_usage":true}""")]
    [InlineData(""","stream_options":{ "include_usage" : null , "x" : [1] }""", """{"include_usage":true,"x":[1]}""")]
    public async Task A_stream_asks_the_device_for_usage_and_changes_nothing_else(string options, string expected)
    {
        await using var device = await shared.AddAsync();
        var body = NodeCalls.ChatBody(device.Model, stream: true, more: ",\"seed\": 1.50" + options + ",\"last\" : [ ]");
        var reply = (await Node.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
        Assert.DoesNotContain("\"usage\"", reply.Text);

        var seen = (await device.RequestAsync()).Json.AsObject();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), seen["stream_options"]), seen.ToJsonString());
        var sent = JsonNode.Parse(body)!.AsObject();
        sent.Remove("stream_options");
        seen.Remove("stream_options");
        Assert.True(JsonNode.DeepEquals(sent, seen), seen.ToJsonString());
    }

    [Fact]
    public async Task Asking_for_usage_is_one_splice_into_the_clients_bytes()
    {
        await using var device = await shared.AddAsync();
        var body = NodeCalls.ChatBody(device.Model, stream: true, more: ", \"seed\" : 1.50 ,\n\"x\":\"\\u00e9\"");
        (await Node.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
        var seen = (await device.RequestAsync()).BodyText;
        var front = body.Zip(seen).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.Equal(body[front..], seen[^(body.Length - front)..]);
        Assert.Contains("\"include_usage\":true", seen[front..^(body.Length - front)]);
    }

    [Fact]
    public async Task Completions_and_embeddings_take_the_same_way()
    {
        await using var device = await shared.AddAsync();
        var completion = $$"""{"model":"relay:{{device.Model}}","prompt":["a"],"echo":true,"suffix":"z"}""";
        device.Next(Scripts.Json(200, """{"object":"text_completion","choices":[]}"""));
        var reply = (await Node.PostAsync("/v1/completions", completion)).MustBe(200);
        Assert.Equal("""{"object":"text_completion","choices":[]}""", reply.Text);
        Assert.Equal("/v1/completions", device.Requests[0].Path);
        Assert.Equal(completion.Replace("relay:", "", StringComparison.Ordinal), device.Requests[0].BodyText);

        var embedding = $$"""{"model":"{{device.Model}}","input":[1,2,3],"encoding_format":"base64","dimensions":3}""";
        (await Node.PostAsync("/v1/embeddings", embedding)).MustBe(200);
        Assert.Equal("/v1/embeddings", device.Requests[1].Path);
        Assert.Equal(embedding, device.Requests[1].BodyText);
    }

    [Fact]
    public async Task A_body_of_ten_megabytes_arrives_whole()
    {
        await using var device = await shared.AddAsync();
        device.OnRequest = Scripts.Chat("ok");
        var image = Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('x', 7_500_000)));
        var body = $$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{image}}}"}}]}],"model":"relay:{{{device.Model}}}"}""";
        Assert.True(body.Length > 10_000_000);
        (await Node.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
        Assert.True(body.Replace("relay:", "", StringComparison.Ordinal) == (await device.RequestAsync()).BodyText, "The body changed on its way.");
    }

    [Fact]
    public async Task A_chunked_body_arrives_whole()
    {
        await using var device = await shared.AddAsync();
        var body = NodeCalls.ChatBody(device.Model, more: ",\"pad\":\"" + new string('p', 300_000) + "\"");
        await using var client = await RawConnection.OpenAsync(Node);
        await client.SendAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var at = 0; at < body.Length; at += 7_001) await client.SendAsync(Scripts.Chunk(body.Substring(at, Math.Min(7_001, body.Length - at))));
        await client.SendAsync(Scripts.LastChunk);
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);
        Assert.Equal(body, (await device.RequestAsync()).BodyText);
    }

    [Fact]
    public async Task The_devices_own_address_is_used_and_nothing_of_the_callers_secrets()
    {
        await using var device = await shared.AddAsync();
        (await Node.ChatAsync(device.Model, stream: true, "", ("Cookie", "session=1"), ("Accept-Encoding", "gzip, br"), ("X-Forwarded-For", "1.2.3.4"))).MustBe(200);
        var head = (await device.RequestAsync()).Head;
        Assert.Equal("POST /v1/chat/completions HTTP/1.1", head.StartLine);
        Assert.Equal($"127.0.0.1:{device.Port}", head["Host"]);
        Assert.StartsWith("application/json", head["Content-Type"]);
        Assert.False(head.Has("Cookie"));
        Assert.False(head.Has("Authorization"));
        Assert.False(head.Has("Accept-Encoding") && head["Accept-Encoding"] != "identity", "A compressed answer would hide its usage.");
    }

    [Theory]
    [InlineData("/base")]
    [InlineData("/base/")]
    [InlineData("/base/v1")]
    [InlineData("/base/v1/")]
    public async Task A_device_under_a_path_is_reached_there(string path)
    {
        await using var device = FaultyDevice.Start();
        (await Node.TellAsync("/v1/node/relay/add", new { url = device.Url + path, name = "base-" + Guid.NewGuid().ToString("N")[..8] })).MustBe(200);
        (await Node.ChatAsync(device.Model)).MustBe(200);
        Assert.Equal("/base/v1/chat/completions", device.Requests[0].Path);
        (await Node.TellAsync("/v1/node/relay/remove", new { url = device.Url + path })).MustBe(200);
        Assert.DoesNotContain("relay:" + device.Model, await Node.ModelIdsAsync());
    }
}
