using Mycel.Identity.Certificates;

namespace Mycel.Identity;

/// <summary>
/// Who this node is: its device key, the certificate by which its account owns it, and, where it lies here and can be opened, the
/// account key. Made at the first start. Safe for use from several threads.
/// </summary>
public sealed class NodeIdentity : IDisposable
{
    /// <summary>Name of the certificate's file in its folder.</summary>
    public const string CertificateFileName = "device.cert";

    /// <summary>Name of the file of devices that the own account has cast out.</summary>
    public const string RevocationsFileName = "revocations";

    /// <summary>Validity of a new certificate.</summary>
    public static readonly TimeSpan CertificateValidity = TimeSpan.FromDays(365);

    /// <summary>A certificate that ends within this time is renewed, where the account key is at hand.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(120);

    /// <summary>The machine's name, made to fit as the name of a device.</summary>
    public static string MachineName
    {
        get
        {
            string name = string.Concat(Environment.MachineName.Where(c => !char.IsControl(c)));
            return name.Length == 0 ? "node" : name[..Math.Min(name.Length, 64)];
        }
    }

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private DeviceCertificate _certificate;
    private RevocationList? _revocations;
    private DateTime _revocationsWritten;

    private NodeIdentity(string folder, TimeProvider time, DeviceKey device, AccountKey? account, FleetKey? fleet, DeviceCertificate certificate, RevocationList? revocations)
    {
        _folder = folder;
        _time = time;
        Device = device;
        Account = account;
        Fleet = fleet;
        _certificate = certificate;
        _revocations = revocations;
    }

    /// <summary>The device's key.</summary>
    public DeviceKey Device { get; }

    /// <summary>The account's key; null where it is encrypted and no passphrase was given, or kept on another device.</summary>
    public AccountKey? Account { get; }

    /// <summary>The key that all devices of the account share; null where the account key has never been opened here since this version.</summary>
    public FleetKey? Fleet { get; }

    /// <summary>The device's certificate.</summary>
    public DeviceCertificate Certificate
    {
        get
        {
            lock (_gate) return _certificate;
        }
    }

    /// <summary>Devices that the own account has cast out; null where there are none.</summary>
    public RevocationList? Revocations
    {
        get
        {
            lock (_gate) return _revocations;
        }
    }

    /// <summary>Reads the identity of a folder; at the first start makes device key, account key and certificate.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="deviceName">Name of the device where it is new, 1 to 64 characters.</param>
    /// <param name="passphrase">Opens the account key, or encrypts a new one; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IdentityException">A file is damaged or open to others, or there is no certificate and none can be made.</exception>
    public static NodeIdentity LoadOrCreate(string folder, string deviceName, string? passphrase, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        PrivateFolder.Ensure(folder);
        string full = Path.GetFullPath(folder);
        using FileLock held = FileLock.Acquire(Path.Combine(full, "identity.lock"));
        var device = DeviceKey.LoadOrCreate(full);
        AccountKey? account = null;
        FleetKey? fleet = null;
        try
        {
            DeviceCertificate? certificate = ReadCertificate(full, device);
            account = LoadAccount(full, passphrase, isNeeded: certificate is null);
            if (account is not null && certificate is not null && certificate.AccountId != account.AccountId)
                certificate = null;
            DateTimeOffset now = time.GetUtcNow();
            if (account is not null && (certificate is null || certificate.NotAfter - now < RenewBefore))
                certificate = Certify(full, account, device, certificate?.DeviceName ?? deviceName, certificate, now);
            fleet = FleetKey.LoadOrCreate(full, account, certificate!.AccountId);
            return new NodeIdentity(full, time, device, account, fleet, certificate, ReadRevocations(full, certificate.AccountId));
        }
        catch
        {
            fleet?.Dispose();
            account?.Dispose();
            device.Dispose();
            throw;
        }
    }

    /// <summary>Renews the certificate where it ends soon and the account key is at hand.</summary>
    /// <returns>Whether it was renewed.</returns>
    public bool RenewIfDue()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (Account is null || _certificate.NotAfter - now >= RenewBefore)
                return false;
            _certificate = Certify(_folder, Account, Device, _certificate.DeviceName, _certificate, now);
            return true;
        }
    }

    /// <summary>Casts a device of the own account out, for good.</summary>
    /// <exception cref="IdentityException">The account key is not at hand, or it is this device.</exception>
    public RevocationList Revoke(PeerId device)
    {
        if (Account is null)
            throw new IdentityException("Devices are cast out with the account key, which is not at hand here. Do it on the device that has it, or give its passphrase.");
        if (device == Device.PeerId)
            throw new IdentityException("This is the device that you are using. Cast it out from another one.");
        lock (_gate)
        {
            var list = RevocationList.Add(Account, _revocations, device, _time.GetUtcNow());
            AtomicFile.Write(Path.Combine(_folder, RevocationsFileName), list.ToBytes());
            return _revocations = list;
        }
    }

    /// <summary>Takes over a list that another device of the account made, where it is newer.</summary>
    /// <returns>Whether it was newer.</returns>
    public bool Accept(RevocationList list)
    {
        ArgumentNullException.ThrowIfNull(list);
        lock (_gate)
        {
            if (list.AccountId != _certificate.AccountId || list.Sequence <= (_revocations?.Sequence ?? 0))
                return false;
            AtomicFile.Write(Path.Combine(_folder, RevocationsFileName), list.ToBytes());
            _revocations = list;
            return true;
        }
    }

    /// <summary>
    /// Takes over a list that another process on this folder wrote, such as <c>mycel device revoke</c> beside a node that runs. Looks at the
    /// file's time first, so it may be asked every second.
    /// </summary>
    /// <returns>Whether it was newer.</returns>
    /// <exception cref="IdentityException">The file is damaged or open to others.</exception>
    public bool Refresh()
    {
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(_folder, RevocationsFileName));
        lock (_gate)
        {
            if (written == _revocationsWritten)
                return false;
            RevocationList? list = ReadRevocations(_folder, _certificate.AccountId);
            _revocationsWritten = written;
            if (list is null || list.Sequence <= (_revocations?.Sequence ?? 0))
                return false;
            _revocations = list;
            return true;
        }
    }

    /// <summary>Erases the keys from memory.</summary>
    public void Dispose()
    {
        Fleet?.Dispose();
        Account?.Dispose();
        Device.Dispose();
    }

    private static AccountKey? LoadAccount(string folder, string? passphrase, bool isNeeded)
    {
        try
        {
            AccountKey? account = AccountKey.Load(folder, passphrase);
            if (account is not null || !isNeeded)
                return account;
        }
        catch (LockedKeyException) when (!isNeeded && passphrase is null)
        {
            return null;
        }

        AccountKey created = AccountKey.Create();
        created.Save(folder, passphrase);
        return created;
    }

    private static DeviceCertificate Certify(string folder, AccountKey account, DeviceKey device, string name, DeviceCertificate? previous, DateTimeOffset now)
    {
        var certificate = DeviceCertificate.Issue(account, device.PublicKey, name, previous?.Roles ?? DeviceRoles.All, (previous?.Serial ?? 0) + 1, now, CertificateValidity);
        AtomicFile.Write(Path.Combine(folder, CertificateFileName), certificate.ToBytes());
        return certificate;
    }

    private static DeviceCertificate? ReadCertificate(string folder, DeviceKey device)
    {
        string path = Path.Combine(folder, CertificateFileName);
        byte[]? content = BoundedFile.Read(path, DeviceCertificate.MaxBytes, ownerOnly: true);
        if (content is null)
            return null;
        try
        {
            var certificate = DeviceCertificate.Parse(content);
            return certificate.PeerId == device.PeerId ? certificate : throw new StatementException("It is another device's.");
        }
        catch (StatementException unusable)
        {
            throw new IdentityException($"{path} cannot be used: {unusable.Message} Move it away; where the account key is here, the node makes a new one.", unusable);
        }
    }

    private static RevocationList? ReadRevocations(string folder, AccountId account)
    {
        string path = Path.Combine(folder, RevocationsFileName);
        byte[]? content = BoundedFile.Read(path, RevocationList.MaxBytes, ownerOnly: true);
        if (content is null)
            return null;
        try
        {
            var list = RevocationList.Parse(content);
            return list.AccountId == account ? list : null;
        }
        catch (StatementException unusable)
        {
            // Starting without it would let devices in again that were cast out.
            throw new IdentityException($"{path} cannot be used: {unusable.Message} Restore it from a backup, or copy it from another device of yours.", unusable);
        }
    }
}
