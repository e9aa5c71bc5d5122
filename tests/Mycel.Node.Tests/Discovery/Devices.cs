using System.Security.Cryptography;
using Mycel.Identity;

namespace Mycel.Node.Tests.Discovery;

/// <summary>Devices that nobody has.</summary>
internal static class Devices
{
    public static DeviceKey New()
    {
        using var folder = new TestFolder();
        return DeviceKey.LoadOrCreate(folder.Path);
    }

    public static PeerId NewId() => new(RandomNumberGenerator.GetBytes(PeerId.SizeBytes));
}
