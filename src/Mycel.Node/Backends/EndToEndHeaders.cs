using System.Buffers;
using System.Collections.Frozen;

namespace Mycel.Node.Backends;

/// <summary>Which headers travel from the caller to the backend and back. What proves who the caller is never goes along.</summary>
internal static class EndToEndHeaders
{
    private static readonly FrozenSet<string> Dropped = FrozenSet.ToFrozenSet(
    [
        // credentials
        "Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Cookie", "Proxy-Authorization",
        // hop by hop (RFC 9110, 7.6.1) and framing, which are this connection's own
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect", "Host",
        // the reply must stay readable beside the flow
        "Accept-Encoding",
        // where the caller sits is the node's to know
        "Origin", "Referer", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP",
        // set anew
        "X-Request-ID", "Request-Id", "X-Mycel-Deadline-Ms", "X-Mycel-Via",
    ], StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> DroppedFromReply = FrozenSet.ToFrozenSet(
    [
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Content-Type", "Date", "Server",
        "Set-Cookie", "Strict-Transport-Security", "Alt-Svc", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "X-Request-ID", "X-Mycel-Route", "X-Mycel-Attempts", "X-Mycel-Receipt", "Server-Timing",
    ], StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> DroppedBySpan = Dropped.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What proxies in front say of the caller; some put its access token there.</summary>
    private const string ForwardedPrefix = "X-Forwarded-";

    /// <summary>The header that names the nodes that a request has passed.</summary>
    public const string Via = "X-Mycel-Via";

    /// <summary>Most nodes that a request may pass.</summary>
    public const int MaxHops = 8;

    /// <summary>Whether a request's header stays behind.</summary>
    public static bool IsDropped(ReadOnlySpan<char> name) =>
        name.IsEmpty || name[0] == ':' || DroppedBySpan.Contains(name) || name.StartsWith(ForwardedPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a reply's header stays behind.</summary>
    public static bool IsDroppedFromReply(string name) => DroppedFromReply.Contains(name);

    /// <summary>Whether it can be the name of a header (RFC 9110, 5.6.2).</summary>
    public static bool IsToken(ReadOnlySpan<char> name) => !name.IsEmpty && !name.ContainsAnyExcept(TokenCharacters);

    /// <summary>Adds a node to those that a request has passed.</summary>
    /// <param name="passed">Those so far, separated by commas; may be empty.</param>
    /// <param name="node">The id of this node.</param>
    /// <param name="via">The list with this node at its end.</param>
    /// <returns>False when the request has passed this node before, or too many.</returns>
    public static bool TryPass(string passed, string node, out string via)
    {
        via = passed.Length == 0 ? node : $"{passed},{node}";
        if (passed.Length == 0) return true;
        var hops = passed.Split(',', StringSplitOptions.TrimEntries);
        return hops.Length <= MaxHops && !hops.Contains(node, StringComparer.OrdinalIgnoreCase);
    }
}
