namespace Mycel.Node.Configuration;

/// <summary>The line that forms when every slot that could serve a request is busy.</summary>
public sealed record QueueOptions
{
    /// <summary>Requests that may wait at once. 0 refuses at once when busy. 0–100,000, default 256.</summary>
    public int Depth { get; init; } = 256;

    /// <summary>Seconds a request may wait. 0.1–3600, default 60.</summary>
    public double TimeoutSeconds { get; init; } = 60;
}
