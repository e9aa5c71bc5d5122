using System.Net;
using Mycel.Node.Configuration;

namespace Mycel.Node.Admission;

/// <summary>Where a caller really sits: what a proxy says of that is believed only from the proxies that were configured.</summary>
internal sealed class ClientAddress(IOptionsSource options)
{
    private volatile Trusted _trusted = new([], []);

    private sealed record Trusted(IReadOnlyList<string> Texts, IPNetwork[] Networks);

    /// <summary>The caller's address; null where a proxy gave one that is none.</summary>
    public IPAddress? Of(HttpContext context)
    {
        var address = Plain(context.Connection.RemoteIpAddress);
        var texts = options.Current.Api.TrustedProxies;
        if (texts.Count == 0 || address is null || context.Request.Headers["X-Forwarded-For"] is not { Count: > 0 } forwarded) return address;
        var networks = NetworksOf(texts);
        // The last entry was written by the proxy that connected here, the one before by the proxy that connected to that, and so on:
        // what stands before the first untrusted one is anybody's claim.
        var hops = forwarded.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var i = hops.Length - 1; i >= 0 && IsTrusted(address, networks); i--)
        {
            if (!IPAddress.TryParse(hops[i], out var hop)) return null;
            address = Plain(hop)!;
        }
        return address;
    }

    private IPNetwork[] NetworksOf(IReadOnlyList<string> texts)
    {
        var trusted = _trusted;
        if (!ReferenceEquals(trusted.Texts, texts)) _trusted = trusted = new Trusted(texts, [.. texts.Select(Parse)]);
        return trusted.Networks;
    }

    private static IPNetwork Parse(string text)
    {
        if (IPNetwork.TryParse(text, out var network)) return network;
        var address = IPAddress.Parse(text);
        return new IPNetwork(address, address.GetAddressBytes().Length * 8);
    }

    private static bool IsTrusted(IPAddress address, IPNetwork[] networks)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address)) return true;
        }
        return false;
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
