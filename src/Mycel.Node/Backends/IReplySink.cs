using Mycel.Node.Settlement;

namespace Mycel.Node.Backends;

/// <summary>Takes a backend's reply, and decides when the caller sees it.</summary>
internal interface IReplySink
{
    /// <summary>The head of a successful reply.</summary>
    void Start(ReplyHead head);

    /// <summary>Some of the body. Copied or passed on before it returns.</summary>
    /// <exception cref="Relay.DeviceFaultException">What came is no answer.</exception>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Lets what was written flow; completes when the caller can take more.</summary>
    ValueTask FlushAsync();

    /// <summary>The body ended properly. What is still to be written flows with the end of the reply.</summary>
    /// <exception cref="Relay.DeviceFaultException">What came was no whole answer.</exception>
    void End();

    /// <summary>Whether some of the model's output has reached the caller, so that no other backend may answer any more.</summary>
    bool IsCommitted { get; }

    /// <summary>Id of the receipt that there will be for the reply, for the caller to know; set before <see cref="Start"/>, null where nothing is paid.</summary>
    string? ReceiptId { get; set; }

    /// <summary>What was seen of the reply so far.</summary>
    SeenOutput Seen { get; }

    /// <summary>How fast the reply came, as far as it is over.</summary>
    ReplyPace Pace { get; }
}

/// <summary>What was seen of a reply as it went by.</summary>
/// <param name="Usage">Tokens, as the reply itself says; null where it does not, or not yet.</param>
/// <param name="OutputEvents">Events with output; null where the reply is no stream.</param>
internal readonly record struct SeenOutput(TokenUsage? Usage, long? OutputEvents);

/// <summary>How fast a reply came.</summary>
/// <param name="FirstToken">From asking to its first output; null where it is no stream, or there was none.</param>
/// <param name="TokensPerSecond">Tokens a second from then on; null where there were too few to tell.</param>
internal readonly record struct ReplyPace(TimeSpan? FirstToken, double? TokensPerSecond);

/// <summary>The head of a successful reply.</summary>
/// <param name="Status">HTTP status, 200–299.</param>
/// <param name="ContentType">Content-Type as it came.</param>
/// <param name="IsEventStream">Whether the body is a stream of server-sent events.</param>
/// <param name="IsEncoded">Whether a Content-Encoding hides the body's text.</param>
/// <param name="ContentLength">Bytes to come, or -1.</param>
/// <param name="Headers">Further end-to-end headers.</param>
internal readonly record struct ReplyHead(
    int Status, string? ContentType, bool IsEventStream, bool IsEncoded, long ContentLength, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>Whether only the end of the connection ends the body.</summary>
    public bool EndsWithConnection { get; init; }
}
