using Google.Protobuf;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;

namespace Mycel.EndToEnd.Peers;

/// <summary>The serving node decides who may ask for what, before anything is spent.</summary>
public sealed class ScopeTests(ScopeTests.Host host) : IClassFixture<ScopeTests.Host>
{
    private const string Hidden = "hidden-model";
    private const string Shared = "shared-model";

    /// <summary>A node with a model for everyone in its network, and one for its own account.</summary>
    public sealed class Host : IAsyncLifetime
    {
        internal NodeProcess Node { get; private set; } = null!;

        internal FaultyDevice Device { get; } = FaultyDevice.Start(Shared, Hidden);

        public async ValueTask InitializeAsync()
        {
            Node = await NodeProcess.StartAsync(new NodeSetup { Devices = [Device], Environment = PeerCalls.LinkSettings(), Yaml = $"sharing:\n  models:\n    {Hidden}: home\n" });
            await Node.CreateNetworkAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Node.DisposeAsync();
            await Device.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_model_for_home_is_neither_shown_nor_served_to_other_members()
    {
        await using var guest = await PeerCalls.StartAsync();
        await guest.JoinAsync(await host.Node.InviteAsync());
        await guest.SeesAsync(Shared);
        Assert.DoesNotContain(await guest.ModelIdsAsync(), id => id.Contains(Hidden, StringComparison.Ordinal));
        (await guest.ChatAsync(Hidden)).MustRefuse(404, "model_not_found");

        // Nor to one that asks for it all the same.
        var seen = host.Device.HeadsSeen;
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        (await link.AskAsync(NodeCalls.ChatBody(Hidden))).MustRefuse(404, "model_not_found");
        (await link.AskAsync(NodeCalls.ChatBody("relay:" + Hidden))).MustRefuse(404, "model_not_found");
        (await link.AskAsync(NodeCalls.ChatBody("no-such-model"))).MustRefuse(404, "model_not_found");
        Assert.Equal(seen, host.Device.HeadsSeen);
        Assert.Equal(200u, (await link.AskAsync(NodeCalls.ChatBody(Shared))).Head!.Status);
    }

    [Fact]
    public async Task A_node_of_the_same_account_sees_everything_and_manages_the_other()
    {
        using var folder = new TempFolder();
        var export = Path.Combine(folder.Path, "account");
        Assert.Equal(0, (await host.Node.CommandAsync("account", "export", "--plain", export)).ExitCode);
        var data = Path.Combine(folder.Path, "data");
        var import = await MycelCommand.RunAsync(folder.Path, data, ["account", "import", export]);
        Assert.True(import.ExitCode == 0, import.All);

        await using var own = await NodeProcess.StartAsync(new NodeSetup { DataDir = data, Environment = PeerCalls.LinkSettings() });
        Assert.Equal(host.Node.Certificate().AccountId, own.Certificate().AccountId);
        await own.JoinAsync(await host.Node.InviteAsync());
        await own.SeesAsync(Hidden);
        (await own.ChatAsync(Hidden)).MustBe(200);
        var peer = await own.LinkedAsync(host.Node);
        Assert.True((bool)peer["own"]!);

        var fleet = (await own.AskAsync("/v1/node/fleet"))["nodes"]!.AsArray();
        Assert.Equal(2, fleet.Count);
        Assert.Single(fleet, node => (bool)node!["this"]!);
        var there = await own.AskAsync($"/v1/node/fleet/{host.Node.PeerId()}/v1/node/relay");
        Assert.Equal(host.Device.Url, ((string)there["relays"]![0]!["url"]!).TrimEnd('/'));
    }

    [Fact]
    public async Task Nobody_else_manages_a_node()
    {
        await using var guest = await PeerCalls.StartAsync();
        await guest.JoinAsync(await host.Node.InviteAsync());
        await guest.LinkedAsync(host.Node);
        var reply = await guest.Control.CallAsync(HttpMethod.Get, $"/v1/node/fleet/{host.Node.PeerId()}/v1/node/status", body: (byte[]?)null);
        Assert.InRange(reply.Status, 400, 499);

        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        var header = TestLink.Header(Mycel.Node.Links.Wire.Kind.Admin);
        header.Admin = new Mycel.Node.Links.Wire.AdminCall { Method = "GET", Path = "/v1/node/status" };
        var answer = await link.SendAsync([.. Frames.Of(1, header), .. Frames.End]);
        Assert.Equal(403u, answer.Refusal?.Status);
    }

    [Fact]
    public async Task An_invite_for_some_models_gives_those_alone()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync(models: ["another-model"]));
        var answer = await link.AskAsync(NodeCalls.ChatBody(Shared));
        Assert.InRange(answer.Refusal!.Status, 403u, 404u);
    }

    [Theory]
    [InlineData(DeviceRoles.Ask)]
    [InlineData(DeviceRoles.All & ~DeviceRoles.Ask)]
    [InlineData(DeviceRoles.None)]
    public async Task A_device_is_served_only_where_its_account_lets_it_ask(DeviceRoles roles)
    {
        await using var peer = await TestPeer.CreateAsync(new TestPeerSetup { Roles = roles });
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        var seen = host.Device.HeadsSeen;
        var answer = await link.AskAsync(NodeCalls.ChatBody(Shared));
        if (roles.HasFlag(DeviceRoles.Ask))
        {
            answer.MustBeWhole();
            return;
        }

        Assert.Contains("may not ask", answer.MustRefuse(403, "not_allowed").Refusal!.Message);
        Assert.Equal(seen, host.Device.HeadsSeen);
        await link.PingAsync();
    }

    [Theory]
    [InlineData(DeviceRoles.Serve, true)]
    [InlineData(DeviceRoles.All & ~DeviceRoles.Serve, false)]
    public async Task A_device_is_asked_only_where_its_account_lets_it_serve(DeviceRoles roles, bool isAsked)
    {
        var model = "of-a-peer-" + Guid.NewGuid().ToString("N")[..8];
        await using var peer = await TestPeer.CreateAsync(new TestPeerSetup { Roles = roles });
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        await link.GreetAsync(peer.Record(record =>
        {
            var network = NetworkCharter.Parse(link.Proofs[0].Charter.Span).Id;
            record.Networks.Add(TestLink.Raw(network.Hash));
            record.Models.Add(new ModelOffer { Name = model, Slots = 1, FreeSlots = 1, Networks = { TestLink.Raw(network.Hash) } });
        }));

        // Both are known, with what they say they have.
        await Poll.UntilAsync(
            async () => (await host.Node.PeerAsync(peer.Device.PeerId.ToString()))?["models"]!.AsArray().Any(name => (string?)name == model) == true, "the peer's record is known");
        if (isAsked)
        {
            await host.Node.SeesAsync(model);
            return;
        }

        Assert.DoesNotContain(model, await host.Node.ModelIdsAsync());
        (await host.Node.ChatAsync(model)).MustRefuse(404, "model_not_found");
        var plan = await host.Node.AskAsync($"/v1/node/plan?model={model}");
        Assert.Contains("may not serve", (string?)Assert.Single(plan["refused"]!.AsArray())!["reason"]);
    }

    [Fact]
    public async Task A_request_that_comes_round_is_refused()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        (await link.AskAsync(NodeCalls.ChatBody(Shared))).MustBeWhole();
        var passed = host.Device.Requests[^1].Head["X-Mycel-Via"]!;
        Assert.StartsWith(peer.Device.PeerId + ",", passed);
        var answer = await link.AskAsync(NodeCalls.ChatBody(Shared), change: header => header.Inference.Headers = ByteString.CopyFromUtf8($"X-Mycel-Via: {passed}\r\n"));
        answer.MustRefuse(508, "loop_detected");
    }

    [Fact]
    public async Task The_deadline_of_a_peer_is_kept()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        var count = host.Device.Requests.Count;
        host.Device.Next(Scripts.HangAsync);
        var answer = await link.AskAsync(NodeCalls.ChatBody(Shared), change: header => header.DeadlineMs = 3_000);
        answer.MustRefuse(504, "deadline_exceeded");
        await host.Device.Requests[count].Closed.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task An_answer_has_head_data_and_a_trailer_that_counts_them()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(await host.Node.InviteAsync());
        var answer = await link.AskAsync(NodeCalls.ChatBody(Shared, stream: true, ",\"stream_options\":{\"include_usage\":true}"));
        Assert.Equal(200u, answer.Head!.Status);
        Assert.StartsWith("text/event-stream", answer.Head.ContentType);
        Assert.Equal(Sse.Answer(["Hello", " there", "!"], usage: true, Shared), answer.Text);
        Assert.Equal(answer.Body.Length, answer.Trailer!.BodyBytes);
        Assert.Equal((7L, 3L), (answer.Trailer.PromptTokens, answer.Trailer.CompletionTokens));
    }
}
