namespace Mycel.Node.Models.Pulling;

/// <summary>Where a download is in its life.</summary>
internal enum PullState
{
    /// <summary>Waits for others to end.</summary>
    Queued,
    Running,

    /// <summary>All bytes are there and are being checked.</summary>
    Verifying,
    Done,
    Failed,

    /// <summary>Ended on demand; what has come is kept.</summary>
    Cancelled,

    /// <summary>What an earlier process left; the same pull goes on from there.</summary>
    Interrupted,
}

/// <summary>A download as it is now. Nothing in it is secret.</summary>
/// <param name="Id">Its id: the same for the same source and name.</param>
/// <param name="Source">The source, without query.</param>
/// <param name="Name">The name the model has, or will have.</param>
/// <param name="State">Where it is in its life.</param>
internal sealed record PullStatus(string Id, string Source, string Name, PullState State)
{
    /// <summary>Bytes that are there.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Bytes of the whole file; null until the server has said.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>How fast bytes come now; 0 where none do.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>What it waits for, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Why it failed; null where it did not.</summary>
    public ModelException? Error { get; init; }

    /// <summary>Full path of the model; null until it is there.</summary>
    public string? Path { get; init; }

    /// <summary>Whether it has ended, however it did.</summary>
    public bool IsEnded => State is PullState.Done or PullState.Failed or PullState.Cancelled or PullState.Interrupted;

    /// <summary>Time until all bytes are there at this rate; null where that cannot be told.</summary>
    public TimeSpan? Remaining =>
        State == PullState.Running && BytesPerSecond > 1 && TotalBytes is { } total ? TimeSpan.FromSeconds(Math.Min((total - ReceivedBytes) / BytesPerSecond, 31_536_000)) : null;
}
