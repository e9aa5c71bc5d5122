namespace Mycel.Node.Cli.Client;

/// <summary>A network as the node describes it.</summary>
internal sealed class NetworkReply
{
    /// <summary>Its id.</summary>
    public string Id { get; set; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether newcomers need no invite.</summary>
    public bool Public { get; set; }

    /// <summary>Whether it belongs to the node's account.</summary>
    public bool IsRoot { get; set; }

    /// <summary>Whether the node may invite others.</summary>
    public bool MayInvite { get; set; }

    /// <summary>Models that the node may ask for; null for all.</summary>
    public IReadOnlyList<string>? Models { get; set; }

    /// <summary>Micro-credits that it may owe.</summary>
    public long CreditLine { get; set; }

    /// <summary>Since when it is a member; null for the root.</summary>
    public DateTimeOffset? MemberSince { get; set; }

    /// <summary>When the membership ends; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>Nodes of it that are linked now.</summary>
    public int PeersLinked { get; set; }

    /// <summary>Nodes of it that are known.</summary>
    public int PeersKnown { get; set; }

    /// <summary>Who is known in it; null where that was not asked for.</summary>
    public IReadOnlyList<Member>? Members { get; set; }

    /// <summary>Who keeps its ledger, or may; null where that was not asked for.</summary>
    public IReadOnlyList<ClearingNodeReply>? Clearing { get; set; }

    /// <summary>A node in a network.</summary>
    internal sealed class Member
    {
        /// <summary>Its name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Its account.</summary>
        public string Account { get; set; } = "";

        /// <summary>Whether it is the node that was asked.</summary>
        public bool This { get; set; }

        /// <summary>Whether it is of the same account.</summary>
        public bool Own { get; set; }

        /// <summary>Whether its account founded the network.</summary>
        public bool IsRoot { get; set; }

        /// <summary>Whether it is linked now.</summary>
        public bool Linked { get; set; }

        /// <summary>Since when its account is a member.</summary>
        public DateTimeOffset? Since { get; set; }

        /// <summary>When it was last linked.</summary>
        public DateTimeOffset? LastSeen { get; set; }
    }
}

/// <summary>The node's networks.</summary>
internal sealed class NetworkListReply
{
    /// <summary>The networks.</summary>
    public IReadOnlyList<NetworkReply> Networks { get; set; } = [];
}

/// <summary>A node that keeps a network's ledger, or may.</summary>
internal sealed class ClearingNodeReply
{
    /// <summary>Its id.</summary>
    public string Id { get; set; } = "";

    /// <summary>Its name; empty where that is not known.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it is the node that was asked.</summary>
    public bool This { get; set; }

    /// <summary>Whether it is of the root account.</summary>
    public bool IsRoot { get; set; }

    /// <summary>Whether it is linked now.</summary>
    public bool Linked { get; set; }

    /// <summary>Whether it keeps the ledger now.</summary>
    public bool Clears { get; set; }

    /// <summary>When its appointment ends; null for none.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>The network's name; null where it stands among the network's nodes.</summary>
    public string? Network { get; set; }
}
