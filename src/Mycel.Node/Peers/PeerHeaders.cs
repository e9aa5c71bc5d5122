using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Execution;

namespace Mycel.Node.Peers;

/// <summary>The request headers that a peer passes on. They are written anew, line by line, for a hostile peer could hide a request of its own in them.</summary>
internal static class PeerHeaders
{
    /// <summary>Most bytes of them.</summary>
    public const int MaxBytes = 32 * 1024;

    /// <summary>Copies the lines that may go on, and adds this node to those passed.</summary>
    /// <param name="lines">Lines of HTTP/1.1, each ending in CR LF.</param>
    /// <param name="node">The id of this node.</param>
    /// <param name="target">Where they are written.</param>
    /// <param name="isLoop">Whether the request has passed this node before.</param>
    /// <returns>False when they are malformed, or the request went round.</returns>
    public static bool TryCopy(ReadOnlySpan<byte> lines, string node, PooledBuffer target, out bool isLoop)
    {
        isLoop = false;
        if (lines.Length > MaxBytes) return false;
        var passed = "";
        Span<char> name = stackalloc char[128];
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf("\r\n"u8);
            if (end <= 0) return false;
            var line = lines[..end];
            lines = lines[(end + 2)..];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || colon > name.Length || line.ContainsAnyInRange<byte>(0, 8) || line.ContainsAnyInRange<byte>(10, 31) || line.Contains((byte)127)) return false;
            if (Encoding.ASCII.GetChars(line[..colon], name) != colon || !EndToEndHeaders.IsToken(name[..colon])) return false;
            if (name[..colon].Equals(EndToEndHeaders.Via, StringComparison.OrdinalIgnoreCase)) passed = Encoding.ASCII.GetString(line[(colon + 1)..]).Trim();
            else if (!EndToEndHeaders.IsDropped(name[..colon])) Append(target, line);
        }
        isLoop = !EndToEndHeaders.TryPass(passed, node, out var via);
        if (isLoop) return false;
        Append(target, Encoding.ASCII.GetBytes($"{EndToEndHeaders.Via}: {via}"));
        return true;
    }

    private static void Append(PooledBuffer target, ReadOnlySpan<byte> line)
    {
        var span = target.GetSpan(line.Length + 2);
        line.CopyTo(span);
        "\r\n"u8.CopyTo(span[line.Length..]);
        target.Advance(line.Length + 2);
    }
}
