using Google.Protobuf;
using Mycel.Identity;

namespace Mycel.Node.Networks;

/// <summary>What the peer book holds of one node; changed under the book's lock only.</summary>
internal sealed class PeerEntry
{
    public required PeerId Id { get; init; }

    /// <summary>As it says, or, once it was linked, as it proved.</summary>
    public AccountId Account { get; set; }

    public string Name { get; set; } = "";

    /// <summary>Whom it was first heard of through; null for one that was linked or read from the disk.</summary>
    public PeerId? Via { get; set; }

    /// <summary>Its latest record whole; null where none came, or it is believed no more.</summary>
    public SignedRecord? Record { get; set; }

    public DateTimeOffset? RecordAt { get; set; }

    /// <summary>Sequence of the latest record, also of one that is believed no more.</summary>
    public ulong Sequence { get; set; }

    /// <summary>The latest record that may be passed on, and its sequence.</summary>
    public ByteString? Shared { get; set; }

    public ulong SharedSequence { get; set; }

    public DateTimeOffset SharedAt { get; set; }

    /// <summary>Number, in the book, of the last change worth passing on; 0 for none.</summary>
    public long Revision { get; set; }

    /// <summary>When <see cref="Revision"/> changed last.</summary>
    public DateTimeOffset RevisedAt { get; set; }

    public DateTimeOffset? LastSeen { get; set; }

    /// <summary>Where it was last linked, by this node's dialling; empty for unknown.</summary>
    public string WorkedAt { get; set; } = "";

    /// <summary>Networks and addresses as read from the disk.</summary>
    public IReadOnlyList<NetworkId> StoredNetworks { get; set; } = [];

    public IReadOnlyList<string> StoredAddresses { get; set; } = [];

    /// <summary>As others are shown it.</summary>
    public PeerInfo Info { get; set; } = null!;
}
