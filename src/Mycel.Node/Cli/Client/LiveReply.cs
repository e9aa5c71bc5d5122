namespace Mycel.Node.Cli.Client;

/// <summary>How much a node had to do at a moment; counts are since its start.</summary>
internal sealed class LoadReply
{
    /// <summary>The moment.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Tokens written.</summary>
    public long CompletionTokens { get; set; }

    /// <summary>Median time to the first output of late, in ms.</summary>
    public double? TtftMs { get; set; }

    /// <summary>Micro-credits that others agreed to pay.</summary>
    public long Earned { get; set; }

    /// <summary>Micro-credits that the node agreed to pay.</summary>
    public long Spent { get; set; }
}

/// <summary>The load of the past hour.</summary>
internal sealed class LoadHistoryReply
{
    /// <summary>Seconds between two samples.</summary>
    public int IntervalS { get; set; }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<LoadReply> Samples { get; set; } = [];
}

/// <summary>A request as the node describes it.</summary>
internal sealed class RequestReply
{
    /// <summary>Its id.</summary>
    public string Id { get; set; } = "";

    /// <summary>The model asked for.</summary>
    public string Model { get; set; } = "";

    /// <summary>Where it runs or ran.</summary>
    public string? Route { get; set; }

    /// <summary>HTTP status; 0 while it runs.</summary>
    public int Status { get; set; }

    /// <summary>queued, waiting, streaming or done.</summary>
    public string State { get; set; } = "";

    /// <summary>Time to the first output, in ms.</summary>
    public double? TtftMs { get; set; }

    /// <summary>Time in all so far, in ms.</summary>
    public double DurationMs { get; set; }

    /// <summary>Tokens written.</summary>
    public long? CompletionTokens { get; set; }

    /// <summary>What went wrong.</summary>
    public string? Error { get; set; }
}

/// <summary>Requests under way and those that ended lately.</summary>
internal sealed class RequestListReply
{
    /// <summary>Under way.</summary>
    public IReadOnlyList<RequestReply> Active { get; set; } = [];

    /// <summary>Ended, the latest first.</summary>
    public IReadOnlyList<RequestReply> Recent { get; set; } = [];
}
