using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;

namespace Mycel.EndToEnd.Harness;

/// <summary>One node for all tests of a class that need no settings of their own; each test adds a device with a model of its own.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    internal NodeProcess Node { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Node = await NodeProcess.StartAsync();

    public ValueTask DisposeAsync() => Node.DisposeAsync();

    /// <summary>A new device behind the node; disposing it takes it off again.</summary>
    internal async Task<FaultyDevice> AddAsync(string? name = null, int? maxConcurrent = null, params string[] models)
    {
        var device = FaultyDevice.Start(models);
        await Node.AddRelayAsync(device, name, maxConcurrent);
        device.BeforeClose = async () => await Node.TellAsync("/v1/node/relay/remove", new JsonObject { ["url"] = device.Url });
        return device;
    }
}
