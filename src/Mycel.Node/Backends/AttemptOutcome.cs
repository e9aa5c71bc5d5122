namespace Mycel.Node.Backends;

/// <summary>How asking one backend ended.</summary>
internal enum AttemptKind
{
    /// <summary>The reply was handed over to its end.</summary>
    Completed,

    /// <summary>It gave no answer, and nothing of it has reached the caller: another may be asked.</summary>
    Refused,

    /// <summary>It says the request itself is wrong: no other would say otherwise.</summary>
    Rejected,

    /// <summary>The reply broke off after some of it had reached the caller.</summary>
    Broken,

    /// <summary>The call was ended from this side; <see cref="BackendCall.EndReason"/> tells why.</summary>
    Ended,
}

/// <summary>How asking one backend ended, with what it said where that was a refusal.</summary>
internal readonly record struct AttemptOutcome(AttemptKind Kind, Refusal? Refusal = null)
{
    public static AttemptOutcome Completed => new(AttemptKind.Completed);

    public static AttemptOutcome Ended => new(AttemptKind.Ended);
}

/// <summary>A backend's refusal, kept in case no other answers.</summary>
/// <param name="Status">HTTP status for the caller.</param>
/// <param name="Code">Error code, for refusals without a body of their own.</param>
/// <param name="Message">One sentence for the caller and the log.</param>
internal sealed record Refusal(int Status, string Code, string Message)
{
    /// <summary>Longest body kept of a refusal, in bytes.</summary>
    public const int MaxBodyBytes = 64 * 1024;

    /// <summary>The backend's own error document, or null to make one from the message.</summary>
    public byte[]? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Whether this node itself refused, before the backend was asked: it says nothing of the backend.</summary>
    public bool IsFromHere { get; init; }

    /// <summary>The Retry-After header as it came.</summary>
    public string? RetryAfter { get; init; }
}
