using System.Text;
using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity;

/// <summary>
/// Signs and checks statements: a signature is over the domain string in ASCII, a zero byte, and the statement's bytes as they are.
/// The domain keeps a signature for one purpose from being shown for another.
/// </summary>
internal static class Statement
{
    public const string DeviceCertificate = "mycel/device-certificate/1";
    public const string RevocationList = "mycel/revocation-list/1";
    public const string TlsBinding = "mycel/tls-binding/1";
    public const string Network = "mycel/network/1";
    public const string Membership = "mycel/membership/1";
    public const string Invite = "mycel/invite/1";

    /// <summary>Clocks of two nodes may differ by this much.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(10);

    public static Signed Sign(Func<byte[], byte[]> sign, string domain, IMessage body)
    {
        byte[] bytes = body.ToByteArray();
        return new Signed { Body = UnsafeByteOperations.UnsafeWrap(bytes), Signature = UnsafeByteOperations.UnsafeWrap(sign(Message(domain, bytes))) };
    }

    /// <exception cref="StatementException">The key did not sign it.</exception>
    public static void Verify(Signed statement, string domain, ReadOnlySpan<byte> publicKey, string what)
    {
        if (!DeviceKey.Verify(publicKey, Message(domain, statement.Body.Span), statement.Signature.Span))
            throw new StatementException($"{what} has no valid signature.");
    }

    /// <summary>What is signed: domain, zero, body.</summary>
    public static byte[] Message(string domain, ReadOnlySpan<byte> body)
    {
        var message = new byte[domain.Length + 1 + body.Length];
        Encoding.ASCII.GetBytes(domain, message);
        body.CopyTo(message.AsSpan(domain.Length + 1));
        return message;
    }

    /// <summary>Reads a message.</summary>
    /// <exception cref="StatementException">It is too large or no such message.</exception>
    public static T Read<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes, int maxBytes, string what)
        where T : IMessage<T>
    {
        if (bytes.Length > maxBytes)
            throw new StatementException($"{what} has {bytes.Length:N0} bytes; {maxBytes:N0} are the most.");
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

    /// <summary>A name for people: 1 to 64 characters, none of them a control character.</summary>
    /// <exception cref="StatementException">It is not such a name.</exception>
    public static string Name(string value, string what)
        => value.Length is >= 1 and <= 64 && !value.Any(char.IsControl) ? value : throw new StatementException($"{what} must have 1 to 64 characters and no control characters.");

    /// <exception cref="StatementException">The time cannot be.</exception>
    public static DateTimeOffset Time(long unixSeconds, string what)
        => unixSeconds is >= 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(unixSeconds) : throw new StatementException($"{what} has a time that cannot be.");

    /// <exception cref="StatementException">It is not valid yet, or not any more.</exception>
    public static void CheckTime(DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset now, string what)
    {
        if (now + ClockSkew < notBefore)
            throw new StatementException($"{what} is valid from {notBefore:u} on only. Check this machine's clock.");
        if (now - ClockSkew > notAfter)
            throw new StatementException($"{what} expired at {notAfter:u}.");
    }
}
