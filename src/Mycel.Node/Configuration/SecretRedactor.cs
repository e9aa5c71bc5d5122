using System.Text.RegularExpressions;

namespace Mycel.Node.Configuration;

/// <summary>A last guard against keys in text that people will see: blanks out what looks like one. No code should rely on it.</summary>
internal static partial class SecretRedactor
{
    private const string Mark = "[redacted]";

    /// <summary>The text with everything that looks like a node's key, a bearer token or a provider's <c>sk-</c> key blanked out;
    /// the same instance when there is nothing of the kind.</summary>
    public static string Redact(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Contains("mycel-", StringComparison.Ordinal)
            && !text.Contains("bearer", StringComparison.OrdinalIgnoreCase)
            && !text.Contains("sk-", StringComparison.Ordinal)) return text;
        text = NodeKey().Replace(text, "mycel-" + Mark);
        text = BearerToken().Replace(text, "$1 " + Mark);
        return ProviderKey().Replace(text, "sk-" + Mark);
    }

    [GeneratedRegex("mycel-[A-Za-z0-9_-]{20,}", RegexOptions.CultureInvariant)]
    private static partial Regex NodeKey();

    [GeneratedRegex(@"\b(bearer)\s+(?!\[redacted\])[^\s""',;]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex BearerToken();

    [GeneratedRegex(@"\bsk-[A-Za-z0-9_-]{16,}", RegexOptions.CultureInvariant)]
    private static partial Regex ProviderKey();
}
