using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.Node.Tests.Cli.Networks;

/// <summary>Invites as nodes make them.</summary>
internal static class InviteSample
{
    /// <summary>A valid one, of a person whose keys are thrown away.</summary>
    public static Invite Make(DateTimeOffset? from = null, int models = 0, string network = "friends")
    {
        var begin = from ?? DateTimeOffset.UtcNow;
        using var folder = new TestFolder();
        using var device = DeviceKey.LoadOrCreate(folder.Path);
        using var account = AccountKey.Create();
        var certificate = DeviceCertificate.Issue(account, device.PublicKey, "desk", DeviceRoles.All, 1, begin, TimeSpan.FromDays(365));
        var charter = NetworkCharter.Issue(account, network, isPublic: false);
        var terms = new MemberTerms { Models = models == 0 ? null : [.. Enumerable.Range(0, models).Select(i => $"a-model-of-some-length-{i}")] };
        return Invite.Create(
            device, Issuer.Create(charter.RootKey, certificate, null), charter, terms, 1, begin, TimeSpan.FromDays(7), [new(device.PeerId, ["192.0.2.1:8421", "[2001:db8::1]:8421"])]);
    }
}
