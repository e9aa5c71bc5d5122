namespace Mycel.Node.Models.Pulling;

/// <summary>Bounds of a download.</summary>
internal sealed record PullLimits
{
    /// <summary>Downloads at once.</summary>
    public const int MaxRunning = 2;

    /// <summary>Downloads that wait for their turn.</summary>
    public const int MaxQueued = 32;

    /// <summary>Downloads that ended and are remembered.</summary>
    public const int MaxRemembered = 64;

    /// <summary>Redirects followed.</summary>
    public const int MaxRedirects = 5;

    /// <summary>Times a download that broke off is taken up again before it has failed; what brings <see cref="ProgressBytes"/> starts the count anew.</summary>
    public const int MaxRetries = 5;

    /// <summary>Largest file, in bytes (2 TB).</summary>
    public const long MaxBytes = 2L << 40;

    /// <summary>Disk space that a download leaves free, in bytes (256 MB).</summary>
    public const long SpareDiskBytes = 256L << 20;

    /// <summary>Bytes that count as progress (1 MB).</summary>
    public const long ProgressBytes = 1L << 20;

    /// <summary>Silence after which a server counts as stuck.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time to open a connection.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Wait before the first new attempt; each further wait is twice as long.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);
}
