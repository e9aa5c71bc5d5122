using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;

namespace Mycel.Ledger.Statements;

/// <summary>Reads the fields of statements and checks their ranges.</summary>
internal static class Form
{
    /// <summary>Length of a hash, in bytes.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>Clocks of two nodes may differ by this much.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(10);

    // The year 9000: what is added to a time of a statement never leaves the calendar.
    private const long MaxUnixMilliseconds = 221_845_392_000_000;

    /// <exception cref="StatementException">It is too large or no such message.</exception>
    public static T Read<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes, int maxBytes, string what)
        where T : IMessage<T>
    {
        if (bytes.Length > maxBytes) throw new StatementException($"{what} has {bytes.Length:N0} bytes; {maxBytes:N0} are the most.");
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException broken)
        {
            throw new StatementException($"{what} is damaged.", broken);
        }
    }

    /// <exception cref="StatementException">The field has another length.</exception>
    public static byte[] Bytes(ByteString value, int length, string what)
        => value.Length == length ? value.ToByteArray() : throw new StatementException($"{what} has {value.Length} bytes instead of {length}.");

    public static byte[] Key(ByteString value, string what) => Bytes(value, DeviceKey.PublicKeySizeBytes, what);

    public static byte[] Hash(ByteString value, string what) => Bytes(value, HashBytes, what);

    /// <exception cref="StatementException">It is below 0 or too large.</exception>
    public static long Number(long value, long max, string what)
        => value >= 0 && value <= max ? value : throw new StatementException($"{what} must be 0 to {max:N0}, not {value:N0}.");

    /// <exception cref="StatementException">It is too long, or has control characters.</exception>
    public static string Text(string value, int minLength, int maxLength, string what)
        => value.Length >= minLength && value.Length <= maxLength && !value.Any(char.IsControl)
            ? value
            : throw new StatementException($"{what} must have {minLength} to {maxLength} characters and no control characters.");

    /// <exception cref="StatementException">The time cannot be.</exception>
    public static DateTimeOffset Time(long unixMilliseconds, string what)
        => unixMilliseconds is >= 0 and < MaxUnixMilliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds) : throw new StatementException($"{what} has a time that cannot be.");

    public static ByteString Copy(ReadOnlySpan<byte> bytes) => ByteString.CopyFrom(bytes);

    public static ByteString Id(PeerId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.CopyTo(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <exception cref="StatementException">The certificate does not let its device do this, or did not at that time.</exception>
    public static void CheckCertificate(Identity.Certificates.DeviceCertificate certificate, Identity.Certificates.DeviceRoles role, DateTimeOffset at, string who)
    {
        if (!certificate.Roles.HasFlag(role)) throw new StatementException($"{who}'s device was not given the role \"{role}\" by its account.");
        if (at + ClockSkew < certificate.NotBefore || at - ClockSkew > certificate.NotAfter)
            throw new StatementException($"{who}'s device certificate was not valid at {at:u}: it is from {certificate.NotBefore:u} to {certificate.NotAfter:u}.");
    }
}
