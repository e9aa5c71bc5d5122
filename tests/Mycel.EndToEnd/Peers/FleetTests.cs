using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Peers;

/// <summary>One person's nodes: a command carried out on another of them, over the link.</summary>
public sealed class FleetTests
{
    [Fact]
    public async Task Models_and_devices_of_another_own_node_are_managed_from_here()
    {
        using var folder = new TempFolder();
        await using var device = FaultyDevice.Start();
        await using var far = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--demo"], Environment = PeerCalls.LinkSettings() });
        await far.CreateNetworkAsync();
        await far.LoadedAsync();
        await using var near = await far.StartAnotherAsync(folder);
        await near.JoinAsync(await far.InviteAsync());
        await near.SeesAsync(LocalCalls.Tiny);
        var id = far.PeerId()[..12];

        Assert.Contains(id[..8], await MustAsync(near, "fleet"));
        Assert.Contains(LocalCalls.Tiny, await MustAsync(near, "models", "list", "--on", id));

        await MustAsync(near, "models", "unload", LocalCalls.Tiny, "--on", id);
        Assert.Empty(await far.ModelIdsAsync());
        Assert.Empty(far.EngineIds());
        await Poll.UntilAsync(async () => !(await near.ModelIdsAsync()).Contains(LocalCalls.Tiny), "the model is listed here no more");

        // A path is one of the machine where it is loaded.
        await MustAsync(near, "models", "load", LocalCalls.DemoFile, "--name", "loaded-from-afar", "--context", "256", "--slots", "2", "--on", id);
        Assert.Equal(256, (int)(await far.LocalAsync("loaded-from-afar"))["context"]!);
        Assert.DoesNotContain((await near.AskAsync("/v1/node/models"))["models"]!.AsArray(), model => (string?)model!["state"] == "loaded");
        await near.SeesAsync("loaded-from-afar");
        Assert.NotEqual("", (await near.AnswerAsync("Tell me of the sea.", "\"temperature\":0,\"max_tokens\":8", model: "loaded-from-afar")).Text);

        Assert.Contains(device.Model, await MustAsync(near, "relay", "add", device.Url, "--name", "far-away", "--on", id));
        Assert.NotNull(await far.RelayAsync(device));
        Assert.Null(await near.RelayAsync(device));
        Assert.Contains("far-away", await MustAsync(near, "relay", "list", "--on", id));
        await near.SeesAsync(device.Model);
        (await near.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.Single(device.Requests);

        await MustAsync(near, "relay", "remove", "far-away", "--on", id);
        Assert.Null(await far.RelayAsync(device));
        await Poll.UntilAsync(async () => !(await near.ModelIdsAsync()).Contains(device.Model), "the device's model is listed here no more");

        // What goes wrong there is told here, as it would be there.
        foreach (var (words, wrong) in new (string[], string)[]
        {
            (["models", "load", "no-such-model", "--on", id], "no-such-model"), (["relay", "remove", "far-away", "--on", id], "far-away"), (["models", "list", "--on", "nobody"], "nobody"),
        })
        {
            var refused = await near.CommandAsync(words);
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains(wrong, refused.Error);
            Assert.DoesNotContain("Exception", refused.All);
        }
    }

    [Fact]
    public async Task A_node_of_another_person_is_not_managed_by_any_command()
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        await using var guest = await PeerCalls.StartAsync();
        await PeerGroup.ConnectAsync([host, guest]);
        var id = host.PeerId()[..12];
        foreach (var words in new[] { new[] { "relay", "remove", device.Url }, ["relay", "add", "http://127.0.0.1:9", "--force"], ["models", "unload", "x"], ["models", "load", LocalCalls.DemoFile] })
        {
            var refused = await guest.CommandAsync([.. words, "--on", id]);
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains("no node", refused.Error);
        }

        Assert.Single((await host.AskAsync("/v1/node/relay"))["relays"]!.AsArray());
        Assert.Empty(host.EngineIds());
    }

    private static async Task<string> MustAsync(NodeProcess node, params string[] arguments)
    {
        var result = await node.CommandAsync(arguments);
        Assert.True(result.ExitCode == 0, result.All);
        return result.All;
    }
}
