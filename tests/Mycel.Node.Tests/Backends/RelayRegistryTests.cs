using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Backends;

public sealed class RelayRegistryTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestFolder _otherFolder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _otherFolder.Dispose();
    }

    [Fact]
    public async Task A_key_that_cannot_be_read_leaves_its_device_and_the_others_in_place()
    {
        using (var before = DeviceKey.LoadOrCreate(_otherFolder.Path))
        {
            using var written = new SecretStore(_folder.Path, before, TimeProvider.System);
            written.Set("lost", "key");
        }
        await using var registry = Registry(new RelayEntryOptions { Url = Dead(1), Name = "a", ApiKey = "secret:lost" }, new RelayEntryOptions { Url = Dead(2), Name = "b" });
        await registry.StartAsync();
        Assert.Equal(["a", "b"], registry.Devices.Select(d => d.Name));
        Assert.All(registry.Devices, d => Assert.Null(d.ApiKey));
    }

    [Fact]
    public async Task Changes_of_many_devices_are_told_one_after_the_other()
    {
        var entries = Enumerable.Range(1, 40).Select(i => new RelayEntryOptions { Url = Dead(i), Name = $"d{i}" }).ToArray();
        await using var registry = Registry(entries);
        var inside = 0;
        var told = 0;
        var overlaps = 0;
        registry.Changed += () =>
        {
            if (Interlocked.Increment(ref inside) != 1) Interlocked.Increment(ref overlaps);
            Thread.Yield();
            Interlocked.Increment(ref told);
            Interlocked.Decrement(ref inside);
        };
        await registry.StartAsync();
        // Once for all that came, and once for each that turned out to be offline.
        await Until.TrueAsync(() => Volatile.Read(ref told) > entries.Length, "word of every device");
        Assert.Equal(0, Volatile.Read(ref overlaps));
    }

    private RelayRegistry Registry(params RelayEntryOptions[] entries)
    {
        var key = DeviceKey.LoadOrCreate(_folder.Path);
        var options = new FixedOptions(new MycelOptions { DataDir = _folder.Path, Relays = entries });
        var keys = new RelayKeys(new SecretStore(_folder.Path, key, TimeProvider.System));
        return new RelayRegistry(options, new RelayFile(_folder.Path), keys, new NodeId("node-1"), TimeProvider.System, NullLogger<RelayRegistry>.Instance);
    }

    /// <summary>An address where nobody listens.</summary>
    private static string Dead(int port) => $"http://127.0.0.1:{port}";
}
