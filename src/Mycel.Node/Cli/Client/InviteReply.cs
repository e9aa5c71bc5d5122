namespace Mycel.Node.Cli.Client;

/// <summary>An invite as the node describes it.</summary>
internal sealed record InviteReply
{
    /// <summary>Its id.</summary>
    public string Id { get; init; } = "";

    /// <summary>Name of the network.</summary>
    public string Network { get; init; } = "";

    /// <summary>What its owner calls it.</summary>
    public string Label { get; init; } = "";

    /// <summary>How many it admits.</summary>
    public int Uses { get; init; }

    /// <summary>How many it has admitted.</summary>
    public int Used { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>open, used_up, expired or revoked.</summary>
    public string State { get; init; } = "";

    /// <summary>What the guest may do.</summary>
    public InviteTerms Terms { get; init; } = new();

    /// <summary>The invite itself; only where it was just made.</summary>
    public string? Token { get; init; }

    /// <summary>What a guest may do.</summary>
    internal sealed record InviteTerms
    {
        /// <summary>Whether the guest may invite others.</summary>
        public bool MayInvite { get; init; }

        /// <summary>Models that the guest may ask for; null for all.</summary>
        public IReadOnlyList<string>? Models { get; init; }

        /// <summary>Micro-credits that the guest may owe.</summary>
        public long CreditLine { get; init; }
    }
}

/// <summary>The invites that a node made.</summary>
internal sealed class InviteListReply
{
    /// <summary>The invites.</summary>
    public IReadOnlyList<InviteReply> Invites { get; set; } = [];
}
