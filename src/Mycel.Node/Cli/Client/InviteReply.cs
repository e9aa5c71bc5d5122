namespace Mycel.Node.Cli.Client;

/// <summary>An invite as the node describes it.</summary>
internal sealed class InviteReply
{
    /// <summary>Its id.</summary>
    public string Id { get; set; } = "";

    /// <summary>Name of the network.</summary>
    public string Network { get; set; } = "";

    /// <summary>What its owner calls it.</summary>
    public string Label { get; set; } = "";

    /// <summary>How many it admits.</summary>
    public int Uses { get; set; }

    /// <summary>How many it has admitted.</summary>
    public int Used { get; set; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>open, used_up, expired or revoked.</summary>
    public string State { get; set; } = "";

    /// <summary>What the guest may do.</summary>
    public InviteTerms Terms { get; set; } = new();

    /// <summary>The invite itself; only where it was just made.</summary>
    public string? Token { get; set; }

    /// <summary>What a guest may do.</summary>
    internal sealed class InviteTerms
    {
        /// <summary>Whether the guest may invite others.</summary>
        public bool MayInvite { get; set; }

        /// <summary>Models that the guest may ask for; null for all.</summary>
        public IReadOnlyList<string>? Models { get; set; }

        /// <summary>Micro-credits that the guest may owe.</summary>
        public long CreditLine { get; set; }
    }
}

/// <summary>The invites that a node made.</summary>
internal sealed class InviteListReply
{
    /// <summary>The invites.</summary>
    public IReadOnlyList<InviteReply> Invites { get; set; } = [];
}
