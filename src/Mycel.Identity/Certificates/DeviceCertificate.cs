using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Certificates;

/// <summary>The account's statement that a device is its own. Immutable; an instance was checked for its form and its signature, not for its time.</summary>
public sealed class DeviceCertificate
{
    /// <summary>Longest validity.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(366);

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 1024;

    private const string What = "The device certificate";

    private readonly byte[] _accountKey;
    private readonly byte[] _deviceKey;

    private DeviceCertificate(Signed signed, Wire.DeviceCertificate body)
    {
        Signed = signed;
        _accountKey = Statement.Bytes(body.AccountKey, DeviceKey.PublicKeySizeBytes, "The certificate's account key");
        _deviceKey = Statement.Bytes(body.DeviceKey, DeviceKey.PublicKeySizeBytes, "The certificate's device key");
        AccountId = AccountId.FromPublicKey(_accountKey);
        PeerId = PeerId.FromPublicKey(_deviceKey);
        DeviceName = Statement.Name(body.DeviceName, "A device's name");
        Roles = RolesOf(body.Roles);
        Serial = body.Serial;
        NotBefore = Statement.Time(body.NotBefore, What);
        NotAfter = Statement.Time(body.NotAfter, What);
        if (NotAfter <= NotBefore || NotAfter - NotBefore > MaxValidity)
            throw new StatementException($"{What} must be valid for 1 second to {MaxValidity.TotalDays} days.");
    }

    internal Signed Signed { get; }

    /// <summary>The account's raw public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> AccountKey => _accountKey;

    /// <summary>The device's raw public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> DeviceKeyBytes => _deviceKey;

    /// <summary>The person.</summary>
    public AccountId AccountId { get; }

    /// <summary>The device.</summary>
    public PeerId PeerId { get; }

    /// <summary>The device's name, for people.</summary>
    public string DeviceName { get; }

    /// <summary>What the device may do.</summary>
    public DeviceRoles Roles { get; }

    /// <summary>Grows with each certificate of the device.</summary>
    public ulong Serial { get; }

    /// <summary>First moment of its validity.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Last moment of its validity.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Certifies a device.</summary>
    /// <param name="account">Who signs.</param>
    /// <param name="deviceKey">The device's raw public key, 32 bytes.</param>
    /// <param name="name">Its name, 1 to 64 characters.</param>
    /// <param name="roles">What it may do.</param>
    /// <param name="serial">Higher than that of any certificate the device had.</param>
    /// <param name="from">When it begins; whole seconds count.</param>
    /// <param name="validity">How long it lasts, at most <see cref="MaxValidity"/>.</param>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static DeviceCertificate Issue(AccountKey account, ReadOnlySpan<byte> deviceKey, string name, DeviceRoles roles, ulong serial, DateTimeOffset from, TimeSpan validity)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(name);
        var body = new Wire.DeviceCertificate
        {
            AccountKey = ByteString.CopyFrom(account.PublicKey),
            DeviceKey = ByteString.CopyFrom(deviceKey),
            DeviceName = name,
            Serial = serial,
            NotBefore = from.ToUnixTimeSeconds(),
            NotAfter = (from + validity).ToUnixTimeSeconds(),
        };
        body.Roles.AddRange(WireRoles.Where(pair => roles.HasFlag(pair.Own)).Select(pair => pair.Wire));
        return new DeviceCertificate(Statement.Sign(message => account.Sign(message), Statement.DeviceCertificate, body), body);
    }

    /// <summary>Reads a certificate and checks its form and signature.</summary>
    /// <exception cref="StatementException">It is damaged or not signed by the account that it names.</exception>
    public static DeviceCertificate Parse(ReadOnlySpan<byte> bytes) => Read(Statement.Read(Signed.Parser, bytes, MaxBytes, What));

    internal static DeviceCertificate Read(Signed signed)
    {
        Wire.DeviceCertificate body = Statement.Read(Wire.DeviceCertificate.Parser, signed.Body.Span, MaxBytes, What);
        var certificate = new DeviceCertificate(signed, body);
        Statement.Verify(signed, Statement.DeviceCertificate, certificate.AccountKey, What);
        return certificate;
    }

    /// <summary>The certificate as others read it.</summary>
    public byte[] ToBytes() => Signed.ToByteArray();

    /// <summary>Checks that it is valid at a time, give or take ten minutes for clocks that differ.</summary>
    /// <exception cref="StatementException">It is not yet, or not any more.</exception>
    public void CheckTime(DateTimeOffset now) => Statement.CheckTime(NotBefore, NotAfter, now, What);

    private static readonly (DeviceRoles Own, Role Wire)[] WireRoles =
        [(DeviceRoles.Serve, Role.Serve), (DeviceRoles.Ask, Role.Ask), (DeviceRoles.Admit, Role.Admit), (DeviceRoles.Manage, Role.Manage)];

    // A role that a newer version knows is left out here: what is not understood allows nothing.
    private static DeviceRoles RolesOf(IEnumerable<Role> roles)
        => roles.Aggregate(DeviceRoles.None, (all, role) => all | WireRoles.FirstOrDefault(pair => pair.Wire == role).Own);
}
