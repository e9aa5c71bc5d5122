using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Routing;

/// <summary>Devices that are never connected to.</summary>
internal static class Devices
{
    public static RelayDevice Online(string name, TimeProvider time, int maxConcurrent, params string[] models) =>
        new(name, new DeviceAddress("http://127.0.0.1:9"), "file", maxConcurrent, null, time) { IsOnline = true, Models = models };
}
