namespace Mycel.Node.Cli.Client;

/// <summary>A network as the node describes it.</summary>
internal sealed record NetworkReply
{
    /// <summary>Its id.</summary>
    public string Id { get; init; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether newcomers need no invite.</summary>
    public bool Public { get; init; }

    /// <summary>Whether it belongs to the node's account.</summary>
    public bool IsRoot { get; init; }

    /// <summary>Whether the node may invite others.</summary>
    public bool MayInvite { get; init; }

    /// <summary>Models that the node may ask for; null for all.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Micro-credits that it may owe.</summary>
    public long CreditLine { get; init; }

    /// <summary>Since when it is a member; null for the root.</summary>
    public DateTimeOffset? MemberSince { get; init; }

    /// <summary>When the membership ends; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Nodes of it that are linked now.</summary>
    public int PeersLinked { get; init; }

    /// <summary>Nodes of it that are known.</summary>
    public int PeersKnown { get; init; }

    /// <summary>Who is known in it; null where that was not asked for.</summary>
    public IReadOnlyList<Member>? Members { get; init; }

    /// <summary>A node in a network.</summary>
    internal sealed record Member
    {
        /// <summary>Its name.</summary>
        public string Name { get; init; } = "";

        /// <summary>Its account.</summary>
        public string Account { get; init; } = "";

        /// <summary>Whether it is the node that was asked.</summary>
        public bool This { get; init; }

        /// <summary>Whether it is of the same account.</summary>
        public bool Own { get; init; }

        /// <summary>Whether its account founded the network.</summary>
        public bool IsRoot { get; init; }

        /// <summary>Whether it is linked now.</summary>
        public bool Linked { get; init; }

        /// <summary>Since when its account is a member.</summary>
        public DateTimeOffset? Since { get; init; }

        /// <summary>When it was last linked.</summary>
        public DateTimeOffset? LastSeen { get; init; }
    }
}

/// <summary>The node's networks.</summary>
internal sealed class NetworkListReply
{
    /// <summary>The networks.</summary>
    public IReadOnlyList<NetworkReply> Networks { get; set; } = [];
}
