using Mycel.Identity.Certificates;

namespace Mycel.Identity.Tests;

public sealed class NodeIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FixedTime _time = new();

    public void Dispose() => _folder.Dispose();

    private NodeIdentity Load(string? passphrase = null, string folder = "data") => NodeIdentity.LoadOrCreate(_folder.Of(folder), "desk", passphrase, _time);

    [Fact]
    public void Is_made_once_and_stays()
    {
        using NodeIdentity first = Load();
        using NodeIdentity second = Load();

        Assert.Equal(first.Certificate.ToBytes(), second.Certificate.ToBytes());
        Assert.Equal((first.Device.PeerId, "desk", DeviceRoles.All), (second.Certificate.PeerId, second.Certificate.DeviceName, second.Certificate.Roles));
        Assert.Equal(first.Account!.AccountId, second.Certificate.AccountId);
    }

    [Fact]
    public void A_certificate_that_ends_soon_is_renewed()
    {
        using NodeIdentity identity = Load();
        DeviceCertificate before = identity.Certificate;
        Assert.False(identity.RenewIfDue());
        _time.Now = _time.Now.AddDays(250);

        Assert.True(identity.RenewIfDue());
        Assert.Equal((before.Serial + 1, _time.Now.AddDays(365)), (identity.Certificate.Serial, identity.Certificate.NotAfter));
        using NodeIdentity again = Load();
        Assert.Equal(identity.Certificate.ToBytes(), again.Certificate.ToBytes());
    }

    [Fact]
    public void A_locked_account_key_leaves_the_node_what_it_has()
    {
        using (NodeIdentity made = Load("horse"))
            Assert.NotNull(made.Account);
        using NodeIdentity locked = Load();

        Assert.Null(locked.Account);
        Assert.Equal("desk", locked.Certificate.DeviceName);
        Assert.Contains("account key", Assert.Throws<IdentityException>(() => locked.Revoke(locked.Device.PeerId)).Message, StringComparison.Ordinal);
        Assert.Throws<LockedKeyException>(() => Load("wrong"));
    }

    [Fact]
    public void A_second_device_of_the_account_takes_its_key_over()
    {
        using NodeIdentity first = Load();
        first.Account!.Save(_folder.Of("other"));
        using NodeIdentity second = Load(folder: "other");

        Assert.Equal(first.Certificate.AccountId, second.Certificate.AccountId);
        Assert.NotEqual(first.Device.PeerId, second.Device.PeerId);
        RevocationList list = first.Revoke(second.Device.PeerId);
        Assert.True(second.Accept(list));
        Assert.False(second.Accept(list));
        Assert.Contains("using", Assert.Throws<IdentityException>(() => first.Revoke(first.Device.PeerId)).Message, StringComparison.Ordinal);
        using NodeIdentity again = Load();
        Assert.True(again.Revocations!.Contains(second.Device.PeerId));
    }

    [Fact]
    public void Importing_another_account_makes_a_certificate_of_that_account()
    {
        PeerIdOf(out AccountId before);
        using (AccountKey other = AccountKey.Create())
            other.Save(_folder.Of("data"));
        PeerIdOf(out AccountId after);

        Assert.NotEqual(before, after);
    }

    [Fact]
    public void Damaged_files_are_named_and_left_alone()
    {
        Load().Dispose();
        string certificate = Path.Combine(_folder.Of("data"), NodeIdentity.CertificateFileName);
        File.WriteAllText(certificate, "nonsense");

        Assert.Contains(certificate, Assert.Throws<IdentityException>(() => Load()).Message, StringComparison.Ordinal);
        Assert.Equal("nonsense", File.ReadAllText(certificate));
    }

    private void PeerIdOf(out AccountId account)
    {
        using NodeIdentity identity = Load();
        account = identity.Certificate.AccountId;
    }
}
