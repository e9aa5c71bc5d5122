using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>The node ends, by a request or not; its engines never outlive it.</summary>
public sealed class NodeEndTests
{
    private const string Long = "\"temperature\":0,\"ignore_eos\":true,\"max_tokens\":300";

    [Fact]
    public async Task Asked_to_stop_it_finishes_the_answer_first()
    {
        await using var node = await LocalCalls.StartAsync();
        await using var client = await node.BeginStreamAsync("Tell me a story.", Long);
        var engine = node.EngineId();
        var stopping = node.StopAsync();
        var rest = Encoding.UTF8.GetString(await client.ReadBodyAsync());
        Assert.EndsWith(Sse.Done, rest);
        Assert.Contains("\"completion_tokens\":300", rest);
        Assert.Equal(0, await stopping);
        await GoneAsync(engine);
    }

    [Fact]
    public async Task Interrupted_in_a_terminal_which_tells_the_engine_as_well_it_finishes_the_answer_first()
    {
        await using var node = await LocalCalls.StartAsync();
        await using var client = await node.BeginStreamAsync("Tell me a story.", Long);
        var engine = node.EngineId();
        ProcessSignals.Send(engine, ProcessSignals.Interrupt);
        node.Signal(ProcessSignals.Interrupt);
        Assert.EndsWith(Sse.Done, Encoding.UTF8.GetString(await client.ReadBodyAsync()));
        Assert.Equal(0, await node.WaitForExitAsync(TimeSpan.FromSeconds(15)));
        await GoneAsync(engine);
    }

    [Fact]
    public async Task An_answer_that_takes_longer_than_allowed_ends_in_an_error()
    {
        await using var node = await LocalCalls.StartAsync("drain_s: 1\n");
        await using var client = await node.BeginStreamAsync("Tell me a story.", Long);
        var engine = node.EngineId();
        ProcessSignals.Send(engine, LocalCalls.Stop);
        node.Signal(ProcessSignals.Terminate);
        var rest = Encoding.UTF8.GetString(await client.ReadBodyAsync());
        Assert.DoesNotContain("[DONE]", rest);
        Assert.Contains("\"error\"", Sse.Events(rest)[^1]);
        Assert.Equal(0, await node.WaitForExitAsync(TimeSpan.FromSeconds(15)));
        await GoneAsync(engine);
    }

    [Fact]
    public async Task Killed_it_leaves_no_engine_behind()
    {
        await using var node = await LocalCalls.StartAsync();
        await using var client = await node.BeginStreamAsync("Tell me a story.", Long);
        var engine = node.EngineId();
        // The node alone, not its children.
        node.Signal(LocalCalls.Kill);
        await GoneAsync(engine);
    }

    [Fact]
    public async Task Killed_while_an_engine_loads_it_leaves_none_behind_either()
    {
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Arguments = ["--demo"] });
        IReadOnlyList<int> engines = [];
        await Poll.UntilAsync(() => (engines = node.EngineIds()).Count > 0, "an engine's process has started");
        node.Signal(LocalCalls.Kill);
        await GoneAsync(engines[0]);
    }

    private static Task<TimeSpan> GoneAsync(int engine) => Poll.UntilAsync(() => !LocalCalls.IsEngine(engine), "the engine's process has ended", TimeSpan.FromSeconds(5));
}
