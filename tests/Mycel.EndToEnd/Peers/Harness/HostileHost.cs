using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>A node with a device and a network, for tests that do it harm: after each it must serve as before.</summary>
public sealed class HostileHost : IAsyncLifetime
{
    /// <summary>The most by which the process may have grown, in bytes, when an attack is over: far less than what was sent.</summary>
    private const long MaxGrowthBytes = 160 << 20;

    private long _calmBytes;

    internal NodeProcess Node { get; private set; } = null!;

    internal FaultyDevice Device { get; } = FaultyDevice.Start();

    /// <summary>An invite that never runs out in these tests.</summary>
    internal string Token { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Node = await PeerCalls.StartAsync(Device);
        await Node.CreateNetworkAsync();
        Token = await Node.InviteAsync(10_000);
        await MustServeAsync();
        _calmBytes = Node.ResidentBytes();
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Device.DisposeAsync();
    }

    /// <summary>Fails the test unless the node still serves a proper member, has nothing left running, and has not grown without bound.</summary>
    internal async Task MustServeAsync()
    {
        await using var member = await TestPeer.CreateAsync();
        await using var link = await member.JoinAsync(Token);
        (await link.AskAsync(NodeCalls.ChatBody(Device.Model))).MustBeWhole();
        (await Node.ChatAsync(Device.Model)).MustBe(200);
        await Node.IdleAsync();
        if (_calmBytes > 0) Assert.True(Node.ResidentBytes() < _calmBytes + MaxGrowthBytes, $"The node grew from {_calmBytes >> 20} to {Node.ResidentBytes() >> 20} MB.");
        Assert.DoesNotContain("Unhandled", Node.Output);
    }
}
