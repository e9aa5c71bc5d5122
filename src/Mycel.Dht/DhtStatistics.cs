namespace Mycel.Dht;

/// <summary>What a node knows and did, for its status and metrics. Counters never fall.</summary>
public sealed record DhtStatistics
{
    /// <summary>Contacts by the length of the prefix that they have in common with this node; buckets without any are left out.</summary>
    public required IReadOnlyList<(int Prefix, int Contacts, int Waiting)> Buckets { get; init; }

    /// <summary>Contacts in all buckets.</summary>
    public required int Contacts { get; init; }

    /// <summary>Contacts that wait for a place.</summary>
    public required int Replacements { get; init; }

    /// <summary>Nodes that the network is estimated to have.</summary>
    public required double EstimatedNodes { get; init; }

    /// <summary>Records stored for others and for this node itself.</summary>
    public required int Records { get; init; }

    /// <summary>Own records that are kept published.</summary>
    public required int Publications { get; init; }

    /// <summary>Lookups under way.</summary>
    public required int LookupsRunning { get; init; }

    /// <summary>Lookups begun.</summary>
    public required long LookupsStarted { get; init; }

    /// <summary>Lookups of records that found one.</summary>
    public required long LookupsFound { get; init; }

    /// <summary>Lookups of records that found none.</summary>
    public required long LookupsEmpty { get; init; }

    /// <summary>Questions asked that were sent, with those sent a second time for want of a token.</summary>
    public required long QuestionsSent { get; init; }

    /// <summary>Questions that stayed unanswered.</summary>
    public required long QuestionsUnanswered { get; init; }

    /// <summary>Questions under way.</summary>
    public required int QuestionsPending { get; init; }

    /// <summary>Questions of others.</summary>
    public required long QuestionsReceived { get; init; }

    /// <summary>Questions of others dropped since their address asked too much.</summary>
    public required long QuestionsLimited { get; init; }

    /// <summary>Questions answered by a token, for want of a valid one.</summary>
    public required long TokensDemanded { get; init; }

    /// <summary>Messages dropped since they could not be read, or nobody waited for them.</summary>
    public required long MessagesDropped { get; init; }

    /// <summary>Records of others refused.</summary>
    public required long RecordsRefused { get; init; }

    /// <summary>Bytes of messages sent.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Bytes of messages received.</summary>
    public required long BytesReceived { get; init; }
}
