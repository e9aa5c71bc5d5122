using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.Identity.Tests;

/// <summary>A person with one device, as tests need them.</summary>
internal sealed class Person : IDisposable
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    public Person(FixedTime time, DeviceRoles roles = DeviceRoles.All)
    {
        Span<byte> seed = stackalloc byte[32];
        System.Security.Cryptography.RandomNumberGenerator.Fill(seed);
        Device = new DeviceKey(seed);
        Certificate = DeviceCertificate.Issue(Account, Device.PublicKey, "desk", roles, 1, time.Now, Year);
    }

    public AccountKey Account { get; } = AccountKey.Create();

    public DeviceKey Device { get; }

    public DeviceCertificate Certificate { get; }

    public NetworkCharter Found(string name = "friends") => NetworkCharter.Issue(Account, name, isPublic: false);

    public Issuer IssuerIn(NetworkCharter network, Membership? membership = null) => Issuer.Create(network.RootKey, Certificate, membership);

    public Membership Admit(NetworkCharter network, Person guest, MemberTerms terms, DateTimeOffset now, Membership? own = null)
        => Membership.Issue(Device, IssuerIn(network, own), guest.Account.PublicKey, terms, 1, now, null, []);

    public Invite Invite(NetworkCharter network, FixedTime time, int uses = 1, MemberTerms? terms = null, Membership? own = null)
        => Networks.Invite.Create(Device, IssuerIn(network, own), network, terms ?? new MemberTerms(), uses, time.Now, TimeSpan.FromDays(7), [new(Device.PeerId, ["192.0.2.1:8421", "[2001:db8::1]:8421"])]);

    public void Dispose()
    {
        Account.Dispose();
        Device.Dispose();
    }
}
