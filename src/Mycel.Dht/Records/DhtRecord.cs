using System.Text;
using System.Text.Unicode;
using Mycel.Dht.Wire;
using Mycel.Identity;

namespace Mycel.Dht;

/// <summary>
/// What a node publishes of itself: where it is reached, or that it provides a model in a network. Signed by the device, numbered and expiring; whoever
/// stores or finds it checks that, so it does not matter who passed it on. Immutable.
/// </summary>
public sealed class DhtRecord
{
    private const string Domain = "mycel/dht-record/1";
    private const int MaxBodyBytes = 34 + 11 + 11 + (DhtLimits.MaxAddresses * 20) + 34 + 3 + DhtLimits.MaxModelBytes;

    private DhtRecord(ReadOnlyMemory<byte> bytes, PeerId publisher, ulong sequence, DateTimeOffset expiresAt, IReadOnlyList<DhtAddress> addresses, NetworkId? network, string? model)
    {
        Bytes = bytes;
        Publisher = publisher;
        Sequence = sequence;
        ExpiresAt = expiresAt;
        Addresses = addresses;
        Network = network;
        Model = model;
        Key = network is { } id ? DhtKey.OfProviders(id, model!) : DhtKey.Of(publisher);
    }

    /// <summary>The record byte for byte as it was signed.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Where it belongs.</summary>
    public DhtKey Key { get; }

    /// <summary>The node that it is of, and that signed it.</summary>
    public PeerId Publisher { get; }

    /// <summary>A higher one replaces a lower one of the same publisher and key.</summary>
    public ulong Sequence { get; }

    /// <summary>Until when it holds.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Where the publisher says it is reached, 1–8. Believed only once a link there proved the peer id.</summary>
    public IReadOnlyList<DhtAddress> Addresses { get; }

    /// <summary>The network that the model is provided in; null in a record of a peer's addresses.</summary>
    public NetworkId? Network { get; }

    /// <summary>The model that is provided; null in a record of a peer's addresses.</summary>
    public string? Model { get; }

    /// <summary>Makes the record of a node's addresses.</summary>
    /// <exception cref="ArgumentException">There are none or more than eight addresses.</exception>
    public static DhtRecord SignPeer(DeviceKey device, ulong sequence, DateTimeOffset expiresAt, IReadOnlyList<DhtAddress> addresses)
        => Sign(device, sequence, expiresAt, addresses, null, null);

    /// <summary>Makes the record that a node provides a model.</summary>
    /// <exception cref="ArgumentException">There are none or more than eight addresses, or the name of the model is empty or has more than 128 bytes or a control character.</exception>
    public static DhtRecord SignProvider(DeviceKey device, ulong sequence, DateTimeOffset expiresAt, IReadOnlyList<DhtAddress> addresses, NetworkId network, string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!IsModel(model))
            throw new ArgumentException($"The name of a model must have 1 to {DhtLimits.MaxModelBytes} bytes and no control characters.", nameof(model));
        return Sign(device, sequence, expiresAt, addresses, network, model);
    }

    /// <summary>Reads a record and checks all of it.</summary>
    /// <param name="bytes">A serialized Signed.</param>
    /// <param name="key">Where it was found, or is to be stored.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="StatementException">It is too large, damaged, not signed by the device it is of, belongs under another key, expired, or expires too late.</exception>
    public static DhtRecord Read(ReadOnlyMemory<byte> bytes, DhtKey key, DateTimeOffset now)
    {
        DeviceStatement statement = DeviceStatement.Parse(bytes.Span, DhtLimits.MaxRecordBytes, "The record");
        DhtRecord record = ReadBody(statement.Body.Span, bytes, out byte[] deviceKey);
        if (record.Key != key)
            throw new StatementException("The record belongs under another key.");
        if (record.ExpiresAt <= now)
            throw new StatementException($"The record expired at {record.ExpiresAt:u}.");
        if (record.ExpiresAt > now + DhtLimits.MaxRecordLifetime + DhtLimits.ClockSkew)
            throw new StatementException($"The record expires at {record.ExpiresAt:u}, which is too late.");
        statement.Verify(Domain, deviceKey);
        return record;
    }

    private static DhtRecord Sign(DeviceKey device, ulong sequence, DateTimeOffset expiresAt, IReadOnlyList<DhtAddress> addresses, NetworkId? network, string? model)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(addresses);
        if (addresses.Count is 0 or > DhtLimits.MaxAddresses)
            throw new ArgumentException($"A record has 1 to {DhtLimits.MaxAddresses} addresses.", nameof(addresses));
        Span<byte> buffer = stackalloc byte[MaxBodyBytes];
        var writer = new WireWriter(buffer);
        writer.Bytes(1, device.PublicKey);
        writer.Varint(2, sequence);
        writer.Varint(3, (ulong)expiresAt.ToUnixTimeSeconds());
        foreach (DhtAddress address in addresses)
            writer.Address(4, address);
        if (network is { } id)
        {
            writer.Key(5, DhtKey.Of(id.Hash));
            writer.Bytes(6, Encoding.UTF8.GetBytes(model!));
        }

        byte[] signed = DeviceStatement.Sign(device, Domain, buffer[..writer.Length]);
        return new DhtRecord(signed, device.PeerId, sequence, DateTimeOffset.FromUnixTimeSeconds(expiresAt.ToUnixTimeSeconds()), [.. addresses], network, model);
    }

    /// <summary>Reads the fields. Addresses where no node can be make a record void; which of the others lead to it, a link shows.</summary>
    private static DhtRecord ReadBody(ReadOnlySpan<byte> body, ReadOnlyMemory<byte> bytes, out byte[] deviceKey)
    {
        var reader = new WireReader(body);
        int seen = 0;
        ulong sequence = 0, expires = 0;
        deviceKey = [];
        DhtKey? network = null;
        string? model = null;
        var addresses = new List<DhtAddress>(DhtLimits.MaxAddresses);
        while (!reader.AtEnd)
        {
            bool isWell = reader.TryTag(out int field, out int type);
            isWell = isWell && (field is 4 or > 6 || (seen & 1 << field) == 0);
            seen |= field <= 6 ? 1 << field : 0;
            ReadOnlySpan<byte> value = default;
            isWell = isWell && (field, type) switch
            {
                (2, WireReader.Varint) => reader.TryVarint(out sequence),
                (3, WireReader.Varint) => reader.TryVarint(out expires),
                (1 or 4 or 5 or 6, WireReader.Bytes) => reader.TryBytes(out value),
                ( > 6, _) => reader.TrySkip(type),
                _ => false,
            };
            isWell = isWell && field switch
            {
                1 => value.Length == DeviceKey.PublicKeySizeBytes,
                4 => TryAddress(value, addresses),
                5 => value.Length == DhtKey.SizeBytes,
                6 => Utf8.IsValid(value),
                _ => true,
            };
            if (!isWell)
                throw new StatementException("The record is damaged.");
            if (field == 1)
                deviceKey = value.ToArray();
            else if (field == 5)
                network = DhtKey.Read(value);
            else if (field == 6)
                model = Encoding.UTF8.GetString(value);
        }

        if (deviceKey.Length == 0 || sequence == 0 || expires is 0 or > int.MaxValue * 64L || addresses.Count == 0)
            throw new StatementException("The record lacks its key, sequence, expiry or addresses.");
        if ((network is null) != (model is null) || (model is not null && !IsModel(model)))
            throw new StatementException("The record names a model that cannot be.");
        return new DhtRecord(
            bytes, PeerId.FromPublicKey(deviceKey), sequence, DateTimeOffset.FromUnixTimeSeconds((long)expires), addresses, network is { } id ? new NetworkId(id.ToPeerId()) : null, model);
    }

    private static bool TryAddress(ReadOnlySpan<byte> written, List<DhtAddress> addresses)
    {
        if (addresses.Count == DhtLimits.MaxAddresses || !DhtAddress.TryRead(written, out DhtAddress address) || address.Reach == DhtReach.Nowhere)
            return false;
        addresses.Add(address);
        return true;
    }

    private static bool IsModel(string model)
        => model.Length > 0 && Encoding.UTF8.GetByteCount(model) <= DhtLimits.MaxModelBytes && !model.Any(char.IsControl);
}
