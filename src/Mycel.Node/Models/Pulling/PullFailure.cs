namespace Mycel.Node.Models.Pulling;

/// <summary>An attempt to download broke off in a way that another attempt may mend.</summary>
/// <param name="message">For people.</param>
/// <param name="inner">What it came from.</param>
internal sealed class PullFailure(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the server asks to be left alone; null where it does not.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
