namespace Mycel.Node.Configuration;

/// <summary>How relay devices are watched and used.</summary>
public sealed record RelayOptions
{
    /// <summary>Seconds between two readings of a device's model list. 1–86,400, default 60. A failure is looked at again at once.</summary>
    public int PollSeconds { get; init; } = 60;

    /// <summary>Failed readings in a row after which a device's models are withdrawn, 1–100, default 3.</summary>
    public int WithdrawAfter { get; init; } = 3;

    /// <summary>Requests in flight on a device that names no number of its own, 1–10,000. Default 32.</summary>
    public int MaxConcurrent { get; init; } = 32;

    /// <summary>Seconds to open a connection to a device. 0.1–60, default 1.5.</summary>
    public double ConnectSeconds { get; init; } = 1.5;

    /// <summary>Seconds a device may take from the request to its first output. 1–86,400, default 300.</summary>
    public double FirstOutputSeconds { get; init; } = 300;

    /// <summary>Seconds of silence allowed after the first output. 1–86,400, default 120.</summary>
    public double IdleSeconds { get; init; } = 120;

    /// <summary>Seconds of waiting for a stream's first output after which keep-alive comments are sent. 0 sends none. 0–3600, default 15.</summary>
    public double KeepAliveSeconds { get; init; } = 15;
}
