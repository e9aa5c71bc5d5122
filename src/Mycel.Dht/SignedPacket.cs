using Mycel.Dht.Wire;
using Mycel.Identity;

namespace Mycel.Dht;

/// <summary>
/// A message as a datagram: signed by the sender for one recipient, for carriers that prove nobody, such as UDP. It proves who wrote it and not from where it
/// came: a copy that is sent again from elsewhere still fails for want of the token for that address.
/// </summary>
public static class SignedPacket
{
    /// <summary>Largest packet, in bytes: what an IPv6 path takes whole, less the headers of IPv6 and UDP.</summary>
    public const int MaxBytes = 1232;

    private const string Domain = "mycel/dht-packet/1";
    private const int OverheadBytes = 34 + 34 + 11 + 3;

    /// <summary>Packs a message.</summary>
    /// <param name="device">The sender.</param>
    /// <param name="recipient">Who alone may take it.</param>
    /// <param name="message">The message.</param>
    /// <param name="now">The time.</param>
    public static byte[] Seal(DeviceKey device, PeerId recipient, ReadOnlySpan<byte> message, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, DhtLimits.MaxMessageBytes);
        Span<byte> body = stackalloc byte[OverheadBytes + DhtLimits.MaxMessageBytes];
        var writer = new WireWriter(body);
        writer.Bytes(1, device.PublicKey);
        writer.Key(2, DhtKey.Of(recipient));
        writer.Varint(3, (ulong)now.ToUnixTimeSeconds());
        writer.Bytes(4, message);
        return DeviceStatement.Sign(device, Domain, body[..writer.Length]);
    }

    /// <summary>Unpacks a message; false where it is damaged, for another recipient, not of this time or not signed by its sender.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> packet, PeerId self, DateTimeOffset now, out PeerId sender, out ReadOnlyMemory<byte> message)
    {
        sender = default;
        message = default;
        try
        {
            DeviceStatement statement = DeviceStatement.Parse(packet, MaxBytes, "The packet");
            var reader = new WireReader(statement.Body.Span);
            bool isWell = TryNext(ref reader, 1, out ReadOnlySpan<byte> key) && key.Length == DeviceKey.PublicKeySizeBytes;
            isWell &= TryNext(ref reader, 2, out ReadOnlySpan<byte> recipient) && recipient.Length == PeerId.SizeBytes && new PeerId(recipient) == self;
            isWell &= reader.TryTag(out int field, out int type) && (field, type) == (3, WireReader.Varint);
            isWell &= reader.TryVarint(out ulong sentAt) && Math.Abs((double)sentAt - now.ToUnixTimeSeconds()) <= DhtLimits.ClockSkew.TotalSeconds;
            isWell &= TryNext(ref reader, 4, out ReadOnlySpan<byte> content) && content.Length <= DhtLimits.MaxMessageBytes && reader.AtEnd;
            if (!isWell)
                return false;
            statement.Verify(Domain, key);
            sender = PeerId.FromPublicKey(key);
            message = content.ToArray();
            return true;
        }
        catch (StatementException)
        {
            return false;
        }
    }

    private static bool TryNext(ref WireReader reader, int expected, out ReadOnlySpan<byte> value)
    {
        value = default;
        return reader.TryTag(out int field, out int type) && (field, type) == (expected, WireReader.Bytes) && reader.TryBytes(out value);
    }
}
