using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Ledger.Statements;

/// <summary>The root account's word that another account's device may clear for its network. Immutable; its form was checked, all else only by <see cref="Verify"/>.</summary>
public sealed class Appointment
{
    /// <summary>Domain of the signature.</summary>
    public const string Domain = "mycel/appointment/1";

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 512;

    /// <summary>Longest validity.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(366);

    private const string What = "The appointment";

    private readonly DeviceStatement _statement;
    private readonly byte[] _bytes;
    private readonly byte[] _rootKey;
    private readonly byte[] _deviceKey;

    private Appointment(byte[] bytes)
    {
        _bytes = bytes;
        _statement = DeviceStatement.Parse(bytes, MaxBytes, What);
        Wire.Appointment body = Form.Read(Wire.Appointment.Parser, _statement.Body.Span, MaxBytes, What);
        _rootKey = Form.Key(body.RootKey, "The network's root key");
        _deviceKey = Form.Key(body.DeviceKey, "The appointed device's key");
        Network = NetworkId.FromPublicKey(_rootKey);
        Device = PeerId.FromPublicKey(_deviceKey);
        NotBefore = Form.Time(body.NotBefore, What);
        NotAfter = Form.Time(body.NotAfter, What);
        IsDismissed = body.IsDismissed;
        RootLine = Form.Number(body.RootLine, MicroCredits.Max, "The root account's line");
        if (NotAfter <= NotBefore || NotAfter - NotBefore > MaxValidity) throw new StatementException($"An appointment is valid for at most {MaxValidity.TotalDays} days.");
    }

    /// <summary>The statement as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The network.</summary>
    public NetworkId Network { get; }

    /// <summary>Who is appointed.</summary>
    public PeerId Device { get; }

    /// <summary>First moment of its validity. Of two statements about a device in a network the one that begins later counts.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Last moment of its validity.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Whether it takes every earlier appointment of the device back.</summary>
    public bool IsDismissed { get; }

    /// <summary>Micro-credits that the root account itself may owe.</summary>
    public long RootLine { get; }

    /// <summary>Appoints a device.</summary>
    /// <param name="rootDevice">A device of the root account that may manage.</param>
    /// <param name="rootKey">The root account's raw key, 32 bytes.</param>
    /// <param name="deviceKey">The raw key of the device that is to clear, 32 bytes.</param>
    /// <param name="from">When it begins.</param>
    /// <param name="validity">How long it lasts, at most <see cref="MaxValidity"/>.</param>
    /// <param name="rootLine">Micro-credits that the root account itself may owe.</param>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static Appointment Issue(DeviceKey rootDevice, ReadOnlySpan<byte> rootKey, ReadOnlySpan<byte> deviceKey, DateTimeOffset from, TimeSpan validity, long rootLine = 0)
        => Sign(rootDevice, new Wire.Appointment
        {
            RootKey = Form.Copy(rootKey),
            DeviceKey = Form.Copy(deviceKey),
            NotBefore = from.ToUnixTimeMilliseconds(),
            NotAfter = (from + validity).ToUnixTimeMilliseconds(),
            RootLine = rootLine,
        });

    /// <summary>Takes a device's appointments back. It lasts as long as the longest of them may.</summary>
    /// <param name="rootDevice">A device of the root account that may manage.</param>
    /// <param name="rootKey">The root account's raw key, 32 bytes.</param>
    /// <param name="deviceKey">The raw key of the device that is to clear no more, 32 bytes.</param>
    /// <param name="from">From when on; later than each of its appointments began.</param>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static Appointment Dismiss(DeviceKey rootDevice, ReadOnlySpan<byte> rootKey, ReadOnlySpan<byte> deviceKey, DateTimeOffset from)
        => Sign(rootDevice, new Wire.Appointment
        {
            RootKey = Form.Copy(rootKey),
            DeviceKey = Form.Copy(deviceKey),
            NotBefore = from.ToUnixTimeMilliseconds(),
            NotAfter = (from + MaxValidity).ToUnixTimeMilliseconds(),
            IsDismissed = true,
        });

    /// <summary>Reads an appointment and checks its form.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static Appointment Parse(ReadOnlySpan<byte> bytes)
        => bytes.Length <= MaxBytes ? new Appointment(bytes.ToArray()) : throw new StatementException($"{What} has {bytes.Length:N0} bytes; {MaxBytes:N0} are the most.");

    /// <summary>Checks who signed it.</summary>
    /// <param name="certificate">Of the device that signed; it must be of the root account, may manage, and have been valid when the appointment began.</param>
    /// <exception cref="StatementException">It does not hold.</exception>
    public void Verify(DeviceCertificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.AccountKey.SequenceEqual(_rootKey)) throw new StatementException("The appointment is not signed by a device of the network's root account.");
        Form.CheckCertificate(certificate, DeviceRoles.Manage, NotBefore, "The root account");
        _statement.Verify(Domain, certificate.DeviceKeyBytes);
    }

    /// <summary>The raw key of the appointed device, 32 bytes.</summary>
    public ReadOnlySpan<byte> DeviceKeyBytes => _deviceKey;

    /// <summary>Whether it lets the device clear at a time, give or take ten minutes for clocks that differ.</summary>
    public bool IsValidAt(DateTimeOffset at) => !IsDismissed && at + Form.ClockSkew >= NotBefore && at - Form.ClockSkew <= NotAfter;

    private static Appointment Sign(DeviceKey rootDevice, Wire.Appointment body)
    {
        ArgumentNullException.ThrowIfNull(rootDevice);
        return new Appointment(DeviceStatement.Sign(rootDevice, Domain, body.ToByteArray()));
    }
}
