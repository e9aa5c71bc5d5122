namespace Mycel.Dht.Wire;

/// <summary>
/// Messages as bytes (docs/protocol/dht.proto). Reading is strict: a field of a wrong length, one too many, one that the kind does not have or one
/// that it must have and has not makes the whole message void. Fields of later versions are passed over.
/// </summary>
internal static class MessageCodec
{
    private const int ContactOverheadBytes = 2 + 2 + DhtKey.SizeBytes + 2;

    private const int KindField = 1;
    private const int IdField = 2;
    private const int TokenField = 3;
    private const int TargetField = 4;
    private const int KeyField = 5;
    private const int ContactField = 6;
    private const int RecordField = 7;
    private const int RefusalField = 8;
    private const int PassiveField = 9;

    /// <summary>Bytes that a contact takes in an answer.</summary>
    public static int SizeOf(DhtContact contact)
        => ContactOverheadBytes + (contact.Address.IsIpv4 ? DhtAddress.Ipv4SizeBytes : DhtAddress.Ipv6SizeBytes);

    /// <summary>Bytes that a record takes in an answer.</summary>
    public static int SizeOf(ReadOnlyMemory<byte> record) => record.Length + 3;

    /// <summary>Bytes of an answer without contacts and records: kind, id and token.</summary>
    public const int AnswerHeadBytes = 2 + 9 + 9;

    /// <summary>Writes a message; whoever makes it keeps it below the largest size.</summary>
    public static byte[] Write(DhtMessage message)
    {
        Span<byte> buffer = stackalloc byte[DhtLimits.MaxMessageBytes];
        var writer = new WireWriter(buffer);
        writer.Varint(KindField, (ulong)message.Kind);
        writer.Fixed64(IdField, message.Id);
        writer.Fixed64(TokenField, message.Token);
        if (message.Kind == MessageKind.Find)
            writer.Key(TargetField, message.Target);
        if (message.Key is { } key)
            writer.Key(KeyField, key);
        foreach (DhtContact contact in message.Contacts)
        {
            writer.Head(ContactField, SizeOf(contact) - 2);
            writer.Key(1, contact.Key);
            writer.Address(2, contact.Address);
        }

        foreach (ReadOnlyMemory<byte> record in message.Records)
            writer.Bytes(RecordField, record.Span);
        if (message.Refusal != StoreRefusal.None)
            writer.Varint(RefusalField, (ulong)message.Refusal);
        if (message.Passive)
            writer.Varint(PassiveField, 1);
        return buffer[..writer.Length].ToArray();
    }

    /// <summary>Reads a message; null where it is not one.</summary>
    public static DhtMessage? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > DhtLimits.MaxMessageBytes)
            return null;
        var reader = new WireReader(bytes);
        var fields = new Fields();
        while (!reader.AtEnd)
        {
            if (!reader.TryTag(out int field, out int type) || !fields.TryTake(ref reader, field, type))
                return null;
        }

        return fields.Finish();
    }

    /// <summary>What was read so far. Every field but contacts and records may come once.</summary>
    private ref struct Fields
    {
        private int _seen;
        private ulong _kind;
        private ulong _id;
        private ulong _token;
        private ulong _refusal;
        private ulong _passive;
        private DhtKey _target;
        private DhtKey _key;
        private List<DhtContact>? _contacts;
        private List<ReadOnlyMemory<byte>>? _records;

        public bool TryTake(ref WireReader reader, int field, int type)
        {
            if (field is not (ContactField or RecordField) && field <= PassiveField)
            {
                if (Has(field))
                    return false;
                _seen |= 1 << field;
            }

            return (field, type) switch
            {
                (KindField, WireReader.Varint) => reader.TryVarint(out _kind),
                (IdField, WireReader.Fixed64) => reader.TryFixed64(out _id),
                (TokenField, WireReader.Fixed64) => reader.TryFixed64(out _token),
                (TargetField, WireReader.Bytes) => TryKey(ref reader, out _target),
                (KeyField, WireReader.Bytes) => TryKey(ref reader, out _key),
                (ContactField, WireReader.Bytes) => TryContact(ref reader),
                (RecordField, WireReader.Bytes) => TryRecord(ref reader),
                (RefusalField, WireReader.Varint) => reader.TryVarint(out _refusal),
                (PassiveField, WireReader.Varint) => reader.TryVarint(out _passive),
                ( > PassiveField, _) => reader.TrySkip(type),
                _ => false,
            };
        }

        public readonly DhtMessage? Finish()
        {
            var kind = _kind <= (ulong)MessageKind.Refused ? (MessageKind)_kind : MessageKind.None;
            bool isStore = kind == MessageKind.Store;
            bool isWell = Has(IdField) && Has(TokenField)
                && Has(TargetField) == (kind == MessageKind.Find)
                && (!Has(KeyField) || kind is MessageKind.Find or MessageKind.Store)
                && (!isStore || (Has(KeyField) && _records?.Count == 1))
                && (_contacts is null || kind == MessageKind.Found)
                && (_records is null || isStore || kind == MessageKind.Found)
                && Has(RefusalField) == (kind == MessageKind.Refused) && (!Has(RefusalField) || _refusal is >= 1 and <= 3)
                && (!Has(PassiveField) || (_passive == 1 && kind is MessageKind.Ping or MessageKind.Find or MessageKind.Store));
            if (kind == MessageKind.None || !isWell)
                return null;
            return new DhtMessage
            {
                Kind = kind,
                Id = _id,
                Token = _token,
                Target = _target,
                Key = Has(KeyField) ? _key : null,
                Contacts = _contacts ?? [],
                Records = _records ?? [],
                Refusal = (StoreRefusal)_refusal,
                Passive = _passive == 1,
            };
        }

        private readonly bool Has(int field) => (_seen & 1 << field) != 0;

        private static bool TryKey(ref WireReader reader, out DhtKey key)
        {
            bool isKey = reader.TryBytes(out ReadOnlySpan<byte> bytes) && bytes.Length == DhtKey.SizeBytes;
            key = isKey ? DhtKey.Read(bytes) : default;
            return isKey;
        }

        private bool TryRecord(ref WireReader reader)
        {
            _records ??= [];
            if (!reader.TryBytes(out ReadOnlySpan<byte> bytes) || bytes.Length is 0 or > DhtLimits.MaxRecordBytes || _records.Count == DhtLimits.MaxRecordsInAnswer)
                return false;
            _records.Add(bytes.ToArray());
            return true;
        }

        private bool TryContact(ref WireReader reader)
        {
            _contacts ??= [];
            if (_contacts.Count == DhtLimits.MaxContacts || !reader.TryBytes(out ReadOnlySpan<byte> bytes))
                return false;
            var inner = new WireReader(bytes);
            if (!inner.TryTag(out int field, out int type) || (field, type) != (1, WireReader.Bytes) || !TryKey(ref inner, out DhtKey key))
                return false;
            if (!inner.TryTag(out field, out type) || (field, type) != (2, WireReader.Bytes) || !inner.TryBytes(out ReadOnlySpan<byte> written) || !inner.AtEnd)
                return false;
            if (!DhtAddress.TryRead(written, out DhtAddress address))
                return false;
            _contacts.Add(new DhtContact(key, address));
            return true;
        }
    }
}
