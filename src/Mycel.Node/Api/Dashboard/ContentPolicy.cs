using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Mycel.Node.Api.Dashboard;

/// <summary>What the pages may load and do, as <c>Content-Security-Policy</c> says it to the browser.</summary>
internal static partial class ContentPolicy
{
    /// <summary>
    /// The policy for a page: scripts, styles and connections of the node's own origin, and what stands in the page itself, by its hash, so that nothing
    /// that gets into it later is obeyed; in nobody's frame.
    /// </summary>
    /// <param name="page">The page, HTML; null for none.</param>
    public static string For(string? page) =>
        $"default-src 'none'; script-src 'self'{HashesOf(page, "script")}; style-src 'self'{HashesOf(page, "style")}; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // An element with attributes names a file; that of the page itself has none.
    private static string HashesOf(string? page, string element) => string.Concat(
        Inline().Matches(page ?? "").Where(match => match.Groups["element"].Value == element)
            .Select(match => $" 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(match.Groups["text"].Value)))}'"));

    [GeneratedRegex("<(?<element>script|style)>(?<text>.*?)</\\k<element>>", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Inline();
}
