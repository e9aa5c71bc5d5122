namespace Mycel.Node.Cli.Client;

/// <summary>A download as the node describes it.</summary>
internal sealed record PullStateReply
{
    /// <summary>Its id.</summary>
    public string Id { get; init; } = "";

    /// <summary>Where it comes from.</summary>
    public string Source { get; init; } = "";

    /// <summary>The model's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>queued, running, verifying, done, failed, cancelled or interrupted.</summary>
    public string State { get; init; } = "";

    /// <summary>Bytes that are there.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Bytes of the whole file.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>How fast they come.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Seconds until all are there.</summary>
    public long? EtaS { get; init; }

    /// <summary>What it waits for.</summary>
    public string? Note { get; init; }

    /// <summary>Why it failed.</summary>
    public PullFault? Error { get; init; }

    /// <summary>Where the model is.</summary>
    public string? Path { get; init; }

    /// <summary>Whether it has ended.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEnded => State is "done" or "failed" or "cancelled" or "interrupted";

    /// <summary>Why a download failed.</summary>
    /// <param name="Code">For programs.</param>
    /// <param name="Message">For people.</param>
    internal sealed record PullFault(string Code = "", string Message = "");
}

/// <summary>The downloads of a node.</summary>
internal sealed class PullStateListReply
{
    /// <summary>The downloads.</summary>
    public IReadOnlyList<PullStateReply> Pulls { get; set; } = [];
}
