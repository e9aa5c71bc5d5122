using System.Net;
using Mycel.Node.Configuration;

namespace Mycel.Node.Admission;

/// <summary>
/// Keeps web pages of others from using the node through their visitors' browsers: a name that is not the node's own (DNS
/// rebinding) and an origin that was not allowed (cross-site requests) are refused.
/// </summary>
internal sealed class HostGuard(IOptionsSource options)
{
    /// <summary>Top-level names that public DNS does not give out (RFC 2606, 6762, 8375, and .internal), under which home routers list machines.</summary>
    private static readonly string[] LocalSuffixes = ["", ".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain"];

    private static readonly string MachineName = Dns.GetHostName().ToLowerInvariant();

    private volatile GoodHost? _lastGood;

    private sealed record GoodHost(string Host, MycelOptions For);

    /// <summary>Whether the node goes by this Host header.</summary>
    public bool IsAllowedHost(string? hostHeader)
    {
        var current = options.Current;
        if (_lastGood is { } last && hostHeader == last.Host && ReferenceEquals(current, last.For)) return true;
        if (!IsOwnName(hostHeader, current.Api.AllowedHosts) && !IsToldName(hostHeader, current.Links.Addresses)) return false;
        _lastGood = new GoodHost(hostHeader!, current);
        return true;
    }

    /// <summary>Whether a page of this origin may call. Requests without the header come from no page.</summary>
    public bool IsAllowedOrigin(string? origin, string? hostHeader)
    {
        if (string.IsNullOrEmpty(origin)) return true;
        var allowed = options.Current.Api.AllowedOrigins;
        foreach (var entry in allowed)
        {
            if (entry == "*" || entry.TrimEnd('/').Equals(origin, StringComparison.OrdinalIgnoreCase)) return true;
        }
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri)) return false;
        // Only programs on the user's own machine have such origins; no web page can send one.
        if (uri.Scheme is not ("http" or "https")) return true;
        return hostHeader is not null && uri.Authority.Equals(hostHeader, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether other nodes are told this name as the node's own.</summary>
    private static bool IsToldName(string? hostHeader, IReadOnlyList<string> addresses)
    {
        if (string.IsNullOrEmpty(hostHeader)) return false;
        foreach (var address in addresses)
        {
            if (Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https") && url.Host.Equals(new HostString(hostHeader).Host, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    private static bool IsOwnName(string? hostHeader, IReadOnlyList<string> allowed)
    {
        if (string.IsNullOrEmpty(hostHeader)) return false;
        var host = new HostString(hostHeader).Host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
        if (host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal) || IPAddress.TryParse(host, out _)) return true;
        foreach (var suffix in LocalSuffixes)
        {
            if (host.Length == MachineName.Length + suffix.Length && host.StartsWith(MachineName, StringComparison.Ordinal) && host.EndsWith(suffix, StringComparison.Ordinal)) return true;
        }
        foreach (var entry in allowed)
        {
            if (entry == "*" || entry.Equals(host, StringComparison.OrdinalIgnoreCase) || entry.Equals(hostHeader, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }
}
