using Mycel.Dht.Wire;

namespace Mycel.Dht.Requests;

/// <summary>What is asked, without the id and token that it gets when it is sent.</summary>
internal sealed record Question(MessageKind Kind, DhtKey Target = default, DhtKey? Key = null, ReadOnlyMemory<byte> Record = default)
{
    public static Question Ping { get; } = new(MessageKind.Ping);

    public static Question Find(DhtKey target, DhtKey? key) => new(MessageKind.Find, target, key);

    public static Question Store(DhtRecord record) => new(MessageKind.Store, Key: record.Key, Record: record.Bytes);

    public bool IsAnsweredBy(MessageKind answer) => Kind switch
    {
        MessageKind.Ping => answer == MessageKind.Pong,
        MessageKind.Find => answer == MessageKind.Found,
        _ => answer is MessageKind.Stored or MessageKind.Refused,
    };

    public DhtMessage ToMessage(ulong id, ulong token, bool passive)
        => new() { Kind = Kind, Id = id, Token = token, Target = Target, Key = Key, Records = Record.IsEmpty ? [] : [Record], Passive = passive };
}
