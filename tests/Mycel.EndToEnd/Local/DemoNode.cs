using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>One node with the small model for all tests of a class that do it no harm.</summary>
public sealed class DemoNode : IAsyncLifetime
{
    internal NodeProcess Node { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Node = await LocalCalls.StartAsync();

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}
