using Mycel.Identity;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>What is known of another node. Immutable: a change makes a new one.</summary>
internal sealed record PeerInfo
{
    public required PeerId Id { get; init; }

    /// <summary>The person it belongs to.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The device's name, as its record or certificate says.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is of this node's own account.</summary>
    public required bool IsOwn { get; init; }

    /// <summary>Networks that both nodes belong to, as far as it proved (a link) or says (its record).</summary>
    public IReadOnlyList<NetworkId> Networks { get; init; } = [];

    /// <summary>Whether it proved its memberships over a link that exists now: only then it is asked and served.</summary>
    public bool IsGreeted { get; init; }

    /// <summary>Whether its account lets it answer requests, as the certificate of its link says; taken for granted while it is not linked.</summary>
    public bool MayServe { get; init; } = true;

    /// <summary>Where it may be reached, the best first.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Its latest record; null where none came. An offer in it that names a network without this node's being in it was taken out.</summary>
    public NodeRecord? Record { get; init; }

    /// <summary>When its latest record came.</summary>
    public DateTimeOffset? RecordAt { get; init; }

    /// <summary>When it was last linked; null for never.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}
