using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.Node.Tests.Protocol;

/// <summary>The two persons of the test vectors: all their keys follow from seeds of one repeated byte, and all is signed at one moment.</summary>
internal sealed class VectorKeys : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static readonly TimeSpan Year = TimeSpan.FromDays(365);

    public static byte[] RootAccountSeed { get; } = Seed(0x01);

    public static byte[] RootDeviceSeed { get; } = Seed(0x02);

    public static byte[] GuestAccountSeed { get; } = Seed(0x03);

    public static byte[] GuestDeviceSeed { get; } = Seed(0x04);

    public AccountKey RootAccount { get; } = new(RootAccountSeed);

    public DeviceKey RootDevice { get; } = new(RootDeviceSeed);

    public AccountKey GuestAccount { get; } = new(GuestAccountSeed);

    public DeviceKey GuestDevice { get; } = new(GuestDeviceSeed);

    public DeviceCertificate RootCertificate => DeviceCertificate.Issue(RootAccount, RootDevice.PublicKey, "root's desk", DeviceRoles.All, 1, Now, Year);

    public DeviceCertificate GuestCertificate => DeviceCertificate.Issue(GuestAccount, GuestDevice.PublicKey, "guest's laptop", DeviceRoles.Serve | DeviceRoles.Ask, 7, Now, Year);

    public NetworkCharter Charter => NetworkCharter.Issue(RootAccount, "friends", isPublic: false);

    public Issuer Issuer => Issuer.Create(Charter.RootKey, RootCertificate, null);

    public static byte[] InviteId { get; } = [.. Enumerable.Range(0xA0, Membership.InviteIdSizeBytes).Select(value => (byte)value)];

    public static MemberTerms Terms { get; } = new() { Models = ["small", "large"], CreditLine = 5_000_000 };

    public Membership Membership => Membership.Issue(RootDevice, Issuer, GuestAccount.PublicKey, Terms, 1, Now, Now + Year, InviteId);

    public void Dispose()
    {
        RootAccount.Dispose();
        RootDevice.Dispose();
        GuestAccount.Dispose();
        GuestDevice.Dispose();
    }

    private static byte[] Seed(byte value) => [.. Enumerable.Repeat(value, 32)];
}
