using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>A model of a peer is asked for as if it were here: the same bytes in, the same bytes out, the same endings.</summary>
public sealed class ServingTests(PeerGroup group) : IClassFixture<PeerGroup>
{
    /// <summary>Odd but valid: what a node does not know, or would write otherwise, must cross as it is.</summary>
    private const string OddFields = ""","temperature" :1e0,"top_k":40, "min_p":0.05,"logit_bias":{"15043":-100},"tools":[ {"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"x_unknown":[1,2,{"ü":"\u00fc🍄"}],"seed":9007199254740993""";

    private NodeProcess Asked => group.Second;

    private NodeProcess Serving => group.First;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_and_answer_are_the_same_bytes_as_when_the_serving_node_is_asked(bool stream)
    {
        await using var device = await group.AddAsync(Serving);
        device.OnRequest = Scripts.Proper;
        foreach (var more in new[] { "", OddFields, ",\"stream_options\":{\"include_usage\":true}" })
        {
            if (more.Contains("stream_options", StringComparison.Ordinal) && !stream) continue;
            var direct = (await Serving.ChatAsync(device.Model, stream, more)).MustBe(200);
            var through = (await Asked.ChatAsync(device.Model, stream, more)).MustBe(200);
            Assert.Equal(direct.Text, through.Text);
            Assert.Equal(direct["Content-Type"], through["Content-Type"]);
            Assert.Equal(device.Requests[^2].BodyText, device.Requests[^1].BodyText);
            if (!stream) Assert.Equal(NodeCalls.ChatBody(device.Model, stream, more), device.Requests[^1].BodyText);
        }
    }

    [Fact]
    public async Task Embeddings_and_text_completions_cross_too()
    {
        await using var device = await group.AddAsync(Serving);
        foreach (var (path, body) in new[]
        {
            ("/v1/embeddings", $$"""{"model":"{{device.Model}}","input":["a","b"],"encoding_format":"base64"}"""),
            ("/v1/completions", $$"""{"model":"{{device.Model}}","prompt":"Once","max_tokens":3}"""),
        })
        {
            var direct = (await Serving.PostAsync(path, body)).MustBe(200);
            Assert.Equal(direct.Text, (await Asked.PostAsync(path, body)).MustBe(200).Text);
            Assert.Equal(path, device.Requests[^1].Path);
            Assert.Equal(body, device.Requests[^1].BodyText);
        }
    }

    [Fact]
    public async Task Headers_that_belong_to_the_request_cross_and_secrets_do_not()
    {
        await using var device = await group.AddAsync(Serving);
        (await Asked.ChatAsync(device.Model, false, "", ("X-Request-ID", "through-a-peer"), ("Authorization", "Bearer mine-alone"), ("Cookie", "mine=alone"))).MustBe(200);
        var head = device.Requests[^1].Head;
        Assert.Equal("through-a-peer", head["X-Request-ID"]);
        Assert.DoesNotContain(head.Fields, field => field.Value.Contains("alone", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_large_body_and_a_large_answer_cross_whole()
    {
        await using var device = await group.AddAsync(Serving);
        var text = string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i} "));
        device.OnRequest = Scripts.Chat(text, device.Model);
        var body = NodeCalls.ChatBody(device.Model, more: $",\"pad\":\"{text}\"");
        var reply = (await Asked.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
        Assert.Equal(Scripts.ChatBody(text, device.Model), reply.Text);
        Assert.Equal(body, device.Requests[^1].BodyText);
    }

    [Fact]
    public async Task Streamed_tokens_arrive_as_they_are_made_and_in_order()
    {
        await using var device = await group.AddAsync(Serving);
        var gate = new Gate();
        device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        using (var begun = await Asked.BeginChatAsync(device.Model))
        {
            await using var body = await begun.Content.ReadAsStreamAsync();
            using var reader = new StreamReader(body);
            var first = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.StartsWith("data:", first);
            gate.Open();
            Assert.Contains("second", await reader.ReadToEndAsync());
        }

        var tokens = Enumerable.Range(0, 2000).Select(i => $"{i} ").ToList();
        device.OnRequest = Scripts.Stream(Sse.Answer(tokens, usage: false, device.Model));
        var reply = (await Asked.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.Equal(tokens, Sse.Contents(reply.Text));
        Assert.Equal(Sse.Answer(tokens, usage: false, device.Model), reply.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refusal_of_the_device_is_shown_as_it_was(bool stream)
    {
        const string Error = """{"error":{"message":"messages[0] is too odd","type":"invalid_request_error","param":"messages","code":"odd"}}""";
        await using var device = await group.AddAsync(Serving);
        device.OnRequest = Scripts.Json(400, Error);
        var reply = await Asked.ChatAsync(device.Model, stream);
        Assert.Equal(Error, reply.MustBe(400).Text);
        Assert.Single(device.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_leaves_stops_the_far_device_within_a_second(bool stream)
    {
        await using var device = await group.AddAsync(Serving, maxConcurrent: 1);
        device.OnRequest = Scripts.HangAsync;
        var client = await RawConnection.OpenAsync(Asked);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, stream)));
        var request = await device.RequestAsync();
        client.HangUp();
        await request.Closed.WaitAsync(TimeSpan.FromSeconds(2));
        await Asked.IdleAsync();
        await Serving.IdleAsync();
        device.OnRequest = Scripts.Proper;
        (await Asked.ChatAsync(device.Model, stream)).MustBe(200);
    }

    [Fact]
    public async Task A_client_that_leaves_mid_stream_stops_the_far_device_too()
    {
        await using var device = await group.AddAsync(Serving, maxConcurrent: 1);
        device.OnRequest = Scripts.StreamThen(End.Hang, Sse.Role(), Sse.Token("one"));
        var client = await RawConnection.OpenAsync(Asked);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, stream: true)));
        await client.ReadHeadAsync();
        await client.ReadUntilAsync("one");
        client.HangUp();
        await device.Requests[0].Closed.WaitAsync(TimeSpan.FromSeconds(2));
        await Asked.IdleAsync();
        await Serving.IdleAsync();
    }

    [Fact]
    public async Task A_deadline_is_kept_on_both_nodes()
    {
        await using var device = await group.AddAsync(Serving);
        device.OnRequest = Scripts.HangAsync;
        var reply = await Asked.ChatAsync(device.Model, false, "", ("X-Mycel-Deadline-Ms", "700"));
        reply.MustRefuse(504, "deadline_exceeded");
        await (await device.RequestAsync()).Closed.WaitAsync(TimeSpan.FromSeconds(5));
        await Serving.IdleAsync();
    }

    [Fact]
    public async Task A_device_that_dies_mid_stream_is_an_error_in_the_stream()
    {
        await using var device = await group.AddAsync(Serving);
        device.OnRequest = Scripts.StreamThen(End.Reset, Sse.Role(), Sse.Token("one"));
        var reply = (await Asked.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.Contains("one", reply.Text);
        Assert.Contains("\"error\"", Sse.Events(reply.Text)[^1]);
        Assert.DoesNotContain("[DONE]", reply.Text);
    }

    [Fact]
    public async Task A_peer_whose_device_fails_is_left_for_another()
    {
        var model = "pair-" + Guid.NewGuid().ToString("N")[..10];
        await using var failing = await group.AddAsync(group.First, model: model);
        await using var good = await group.AddAsync(group.Third, model: model);
        await Asked.OfferedAsync(model, 2);
        failing.OnRequest = Scripts.Reset;
        foreach (var stream in new[] { false, true, false, true })
            (await Asked.ChatAsync(model, stream)).MustBe(200);
        Assert.Equal(4, good.Requests.Count);
    }

    [Fact]
    public async Task Work_spreads_over_all_nodes_that_have_the_model()
    {
        var model = "all-" + Guid.NewGuid().ToString("N")[..10];
        var gate = new Gate();
        var devices = new List<FaultyDevice>();
        try
        {
            foreach (var node in group.Nodes)
            {
                var device = await group.AddAsync(node, maxConcurrent: 2, model: model);
                device.OnRequest = Scripts.Held(gate, Scripts.Proper);
                devices.Add(device);
            }

            await Asked.OfferedAsync(model, 2);
            var asking = Enumerable.Range(0, 6).Select(i => Asked.ChatAsync(model, stream: i % 2 == 0)).ToList();
            await Poll.UntilAsync(() => devices.All(device => device.InFlight == 2), $"two requests on each device; there are {string.Join(", ", devices.Select(device => device.InFlight))}");
            gate.Open();
            foreach (var reply in await Task.WhenAll(asking)) reply.MustBe(200);
        }
        finally
        {
            gate.Open();
            foreach (var device in devices) await device.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_peers_model_is_listed_once_under_its_plain_name_and_its_node_can_be_named()
    {
        await using var device = await group.AddAsync(Serving);
        var listed = (await Asked.AskAsync("/v1/models"))["data"]!.AsArray().Where(model => ((string)model!["id"]!).EndsWith(device.Model, StringComparison.Ordinal)).ToList();
        var plain = Assert.Single(listed, model => (string)model!["id"]! == device.Model);
        Assert.Equal("peer", (string?)plain!["owned_by"]);

        var plan = await Asked.AskAsync($"/v1/node/plan?model={device.Model}");
        // A peer whose device failed a test before may be cooling down, and then stands among those asked last.
        var route = (string)Assert.Single(plan["ranking"]!.AsArray().Concat(plan["refused"]!.AsArray()))!["route"]!;
        Assert.StartsWith("peer:", route);
        (await Asked.ChatAsync($"{route}:{device.Model}")).MustBe(200);
        Assert.Single(device.Requests);
        Assert.Equal(device.Model, (string?)device.Requests[0].Json["model"]);
    }

    [Fact]
    public async Task A_model_that_is_taken_away_is_not_offered_any_more()
    {
        var device = await group.AddAsync(Serving);
        await device.DisposeAsync();
        await Poll.UntilAsync(async () => !(await Asked.ModelIdsAsync()).Contains(device.Model), "the model is listed no more");
        (await Asked.ChatAsync(device.Model)).MustRefuse(404, "model_not_found");
    }

    [Fact]
    public async Task A_peer_serves_its_own_models_only_never_those_of_a_third()
    {
        await using var device = await group.AddAsync(group.First);
        var first = group.First.PeerId();
        foreach (var peer in await group.Third.PeersAsync())
        {
            var offers = peer["models"]!.AsArray().Select(model => (string)model!);
            if ((string)peer["id"]! == first) Assert.Contains(device.Model, offers);
            else Assert.DoesNotContain(device.Model, offers);
        }
    }

    [Fact]
    public async Task Peers_tell_who_they_are_and_how_they_are_linked()
    {
        var peer = await Asked.LinkedAsync(Serving, TimeSpan.FromSeconds(45), "quic");
        Assert.False((bool)peer["own"]!);
        Assert.StartsWith("127.0.0.1:", (string?)peer["address"]);
        Assert.Contains(peer["networks"]!.AsArray(), network => (string?)network == PeerCalls.Network);
        Assert.Equal(Serving.Certificate().AccountId.ToString(), (string?)peer["account"]);
    }
}
