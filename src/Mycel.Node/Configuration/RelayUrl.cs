using System.Text;

namespace Mycel.Node.Configuration;

/// <summary>The one form in which a relay device's base address is kept, and the name taken from it.</summary>
public static class RelayUrl
{
    /// <summary>Longest address accepted, in characters.</summary>
    public const int MaxLength = 2048;

    /// <summary>Longest device name, in characters.</summary>
    public const int MaxNameLength = 64;

    private const string Example = "http://192.168.1.20:11434";

    private static readonly string[] Endpoints = ["/chat/completions", "/completions", "/embeddings", "/models"];

    /// <summary>
    /// Brings an address into its kept form: scheme and host in lower case, no default port, no trailing <c>/</c> or <c>/v1</c>.
    /// </summary>
    /// <param name="text">The address as a person wrote it.</param>
    /// <param name="url">The kept form, such as <c>http://gpu1:11434</c>; empty when refused.</param>
    /// <param name="error">What is wrong and what to write instead; empty when accepted. Does not repeat the address, which may hold a password.</param>
    public static bool TryNormalize(string? text, out string url, out string error)
    {
        url = "";
        text = text?.Trim() ?? "";
        error = Fault(text, out var uri);
        if (error.Length > 0) return false;

        var path = uri!.AbsolutePath.TrimEnd('/');
        if (path.EndsWith("/v1", StringComparison.Ordinal)) path = path[..^3].TrimEnd('/');
        else if (Array.Find(Endpoints, endpoint => path.EndsWith("/v1" + endpoint, StringComparison.Ordinal)) is { } endpoint)
        {
            error = $"it names one endpoint; leave out /v1{endpoint}";
            return false;
        }
        url = $"{uri.Scheme}://{HostOf(uri)}{(uri.IsDefaultPort ? "" : $":{uri.Port}")}{path}";
        return true;
    }

    /// <summary>The device name for an address in kept form: its host, or host and port where <paramref name="withPort"/> asks for it.
    /// Always matches <see cref="IsName"/>.</summary>
    public static string DefaultName(string url, bool withPort = false)
    {
        var uri = new Uri(url, UriKind.Absolute);
        var host = HostOf(uri);
        var name = new StringBuilder(host.StartsWith('[') ? "ip6-" + host.Trim('[', ']') : host);
        for (var i = 0; i < name.Length; i++)
        {
            if (!IsNameCharacter(name[i])) name[i] = '-';
        }
        var port = withPort ? $"-{uri.Port}" : "";
        if (name.Length > MaxNameLength - port.Length) name.Length = MaxNameLength - port.Length;
        return name.Append(port).ToString();
    }

    /// <summary>A default name that <paramref name="isTaken"/> does not know yet: the host, host and port, or these with a number.</summary>
    public static string DefaultName(string url, Func<string, bool> isTaken)
    {
        ArgumentNullException.ThrowIfNull(isTaken);
        var name = DefaultName(url);
        if (!isTaken(name)) return name;
        var withPort = DefaultName(url, withPort: true);
        name = withPort;
        for (var number = 2; isTaken(name); number++)
        {
            var suffix = $"-{number}";
            name = withPort[..Math.Min(withPort.Length, MaxNameLength - suffix.Length)] + suffix;
        }
        return name;
    }

    /// <summary>Whether this can be a device's name: 1–64 of a–z, 0–9, dot, underscore and hyphen.</summary>
    public static bool IsName(string? name) => name is { Length: >= 1 and <= MaxNameLength } && name.All(IsNameCharacter);

    private static string Fault(string text, out Uri? uri)
    {
        uri = null;
        if (text.Length == 0) return $"it is empty; write the device's base address, such as {Example}";
        if (text.Length > MaxLength) return $"it is longer than {MaxLength} characters";
        if (!text.Contains("://", StringComparison.Ordinal)) return $"it has no scheme; write http:// or https:// in front, as in {Example}";
        if (text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))) return "it holds a space or control character";
        if (!Uri.TryCreate(text, UriKind.Absolute, out uri) || uri.Host.Length == 0) return $"it is not an address; write it as in {Example}";
        if (uri.Scheme is not ("http" or "https")) return "only http:// and https:// are supported";
        if (uri.Port == 0) return "the port is 0; write the port the device listens on";
        if (uri.UserInfo.Length > 0 || text.Contains('@', StringComparison.Ordinal))
            return "a user name or password does not belong in it; put the key into the secret store and name it in api_key";
        if (text.Contains('?', StringComparison.Ordinal)) return "it holds a query (`?…`); write the address without";
        return text.Contains('#', StringComparison.Ordinal) ? "it holds a fragment (`#…`); write the address without" : "";
    }

    private static string HostOf(Uri uri) => (uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost).ToLowerInvariant();

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-';
}
