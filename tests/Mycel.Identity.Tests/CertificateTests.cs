using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mycel.Identity.Certificates;

namespace Mycel.Identity.Tests;

public sealed class CertificateTests : IDisposable
{
    private readonly FixedTime _time = new();
    private readonly Person _anna;
    private readonly Person _ben;

    public CertificateTests()
    {
        _anna = new Person(_time);
        _ben = new Person(_time);
    }

    public void Dispose()
    {
        _anna.Dispose();
        _ben.Dispose();
    }

    [Fact]
    public void A_certificate_comes_back_as_it_was_issued()
    {
        var issued = DeviceCertificate.Issue(_anna.Account, _anna.Device.PublicKey, "Anna's desk", DeviceRoles.Serve | DeviceRoles.Ask, 7, _time.Now, TimeSpan.FromDays(30));
        var read = DeviceCertificate.Parse(issued.ToBytes());

        Assert.Equal((_anna.Account.AccountId, _anna.Device.PeerId, "Anna's desk", DeviceRoles.Serve | DeviceRoles.Ask, 7ul), (read.AccountId, read.PeerId, read.DeviceName, read.Roles, read.Serial));
        Assert.Equal((_time.Now, _time.Now.AddDays(30)), (read.NotBefore, read.NotAfter));
        read.CheckTime(_time.Now);
        read.CheckTime(_time.Now.AddDays(30).AddMinutes(9));
        Assert.Contains("expired", Assert.Throws<StatementException>(() => read.CheckTime(_time.Now.AddDays(30).AddMinutes(11))).Message, StringComparison.Ordinal);
        Assert.Contains("clock", Assert.Throws<StatementException>(() => read.CheckTime(_time.Now.AddMinutes(-11))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 30)]
    [InlineData("a\nb", 30)]
    [InlineData("desk", 367)]
    [InlineData("desk", 0)]
    public void What_no_certificate_may_say_is_refused(string name, int days)
        => Assert.Throws<StatementException>(() => DeviceCertificate.Issue(_anna.Account, _anna.Device.PublicKey, name, DeviceRoles.All, 1, _time.Now, TimeSpan.FromDays(days)));

    [Fact]
    public void A_link_certificate_proves_its_device()
    {
        using X509Certificate2 certificate = LinkCertificate.Create(_anna.Device, _anna.Certificate, _time.Now);
        ProvenPeer peer = LinkCertificate.Verify(certificate.RawData, _time.Now);

        Assert.Equal((_anna.Device.PeerId, _anna.Account.AccountId), (peer.PeerId, peer.AccountId));
        Assert.True(certificate.HasPrivateKey);
        Assert.Throws<StatementException>(() => LinkCertificate.Verify(certificate.RawData, _time.Now.AddDays(8)));
        Assert.Throws<ArgumentException>(() => LinkCertificate.Create(_ben.Device, _anna.Certificate, _time.Now));
    }

    [Fact]
    public void A_device_certificate_that_is_over_ends_links()
    {
        var soon = DeviceCertificate.Issue(_anna.Account, _anna.Device.PublicKey, "desk", DeviceRoles.All, 1, _time.Now, TimeSpan.FromDays(1));
        using X509Certificate2 certificate = LinkCertificate.Create(_anna.Device, soon, _time.Now);

        Assert.Contains("device certificate expired", Assert.Throws<StatementException>(() => LinkCertificate.Verify(certificate.RawData, _time.Now.AddDays(2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Someone_elses_binding_in_an_own_certificate_proves_nothing()
    {
        // Ben copies the extension out of Anna's certificate into one of his own, for whose key she never signed.
        using X509Certificate2 annas = LinkCertificate.Create(_anna.Device, _anna.Certificate, _time.Now);
        X509Extension binding = annas.Extensions.Single(extension => extension.Oid!.Value == LinkCertificate.ExtensionOid);
        using X509Certificate2 forged = SelfSigned(binding);

        Assert.Contains("not signed by the device", Assert.Throws<StatementException>(() => LinkCertificate.Verify(forged.RawData, _time.Now)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_without_its_binding_or_with_it_not_critical_or_twice_is_refused()
    {
        using X509Certificate2 annas = LinkCertificate.Create(_anna.Device, _anna.Certificate, _time.Now);
        byte[] binding = annas.Extensions.Single(extension => extension.Oid!.Value == LinkCertificate.ExtensionOid).RawData;
        using X509Certificate2 none = SelfSigned();
        using X509Certificate2 notCritical = SelfSigned(new X509Extension(LinkCertificate.ExtensionOid, binding, critical: false));

        Assert.Throws<StatementException>(() => LinkCertificate.Verify(none.RawData, _time.Now));
        Assert.Throws<StatementException>(() => LinkCertificate.Verify(notCritical.RawData, _time.Now));
        Assert.Throws<StatementException>(() => LinkCertificate.Verify([], _time.Now));
        Assert.Throws<StatementException>(() => LinkCertificate.Verify(new byte[LinkCertificate.MaxBytes + 1], _time.Now));
    }

    [Fact]
    public void A_revocation_list_grows_and_keeps_what_it_had()
    {
        var first = RevocationList.Add(_anna.Account, null, _ben.Device.PeerId, _time.Now);
        var second = RevocationList.Parse(RevocationList.Add(_anna.Account, first, _anna.Device.PeerId, _time.Now).ToBytes());

        Assert.Equal((1ul, 2ul), (first.Sequence, second.Sequence));
        Assert.True(second.Contains(_ben.Device.PeerId) && second.Contains(_anna.Device.PeerId));
        Assert.False(first.Contains(_anna.Device.PeerId));
        Assert.Equal(_anna.Account.AccountId, second.AccountId);
    }

    /// <summary>Whatever bytes come, the answer is a statement or a clear refusal. MYCEL_FUZZ sets how many times as many are tried.</summary>
    [Fact]
    public void Damaged_statements_are_refused_and_nothing_else_happens()
    {
        using X509Certificate2 link = LinkCertificate.Create(_anna.Device, _anna.Certificate, _time.Now);
        var list = RevocationList.Add(_anna.Account, null, _ben.Device.PeerId, _time.Now);
        Fuzz.Run(_anna.Certificate.ToBytes(), bytes => DeviceCertificate.Parse(bytes));
        Fuzz.Run(list.ToBytes(), bytes => RevocationList.Parse(bytes));
        Fuzz.Run(link.RawData, bytes => LinkCertificate.Verify(bytes, _time.Now));
    }

    private X509Certificate2 SelfSigned(params X509Extension[] extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mycel", key, HashAlgorithmName.SHA256);
        Array.ForEach(extensions, request.CertificateExtensions.Add);
        return request.CreateSelfSigned(_time.Now.AddDays(-1), _time.Now.AddDays(1));
    }
}
