namespace Mycel.Dht.Wire;

/// <summary>One message, as read or to be written; what each kind has is in docs/protocol/dht.md.</summary>
internal sealed class DhtMessage
{
    public required MessageKind Kind { get; init; }

    /// <summary>Chosen by the asker, returned by the answer.</summary>
    public required ulong Id { get; init; }

    /// <summary>In a question the token that the answerer gave last, 0 for none; in an answer the token for the next question.</summary>
    public ulong Token { get; init; }

    /// <summary>Find: whose neighbours are asked for.</summary>
    public DhtKey Target { get; init; }

    /// <summary>Find: whose records are asked for, null for none. Store: where the record belongs.</summary>
    public DhtKey? Key { get; init; }

    public IReadOnlyList<DhtContact> Contacts { get; init; } = [];

    public IReadOnlyList<ReadOnlyMemory<byte>> Records { get; init; } = [];

    public StoreRefusal Refusal { get; init; }

    /// <summary>The asker cannot be asked.</summary>
    public bool Passive { get; init; }

    public bool IsQuestion => Kind is MessageKind.Ping or MessageKind.Find or MessageKind.Store;
}
