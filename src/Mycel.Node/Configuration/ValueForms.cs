using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>The forms that the settings' values have.</summary>
internal static class ValueForms
{
    private const int MaxHostNameLength = 253;
    private const int MaxLinkAddressLength = 255;
    private const int MaxNetworkNameLength = 64;

    /// <summary>true or false.</summary>
    public static ValueForm<bool> Boolean { get; } = new()
    {
        Accepted = "true or false",
        TryRead = (string text, out bool value, out string? why) =>
        {
            why = null;
            return bool.TryParse(text, out value);
        },
        Write = value => value ? "true" : "false",
        ToJson = value => JsonValue.Create(value),
    };

    /// <summary>A path that is not empty.</summary>
    public static ValueForm<string> Path { get; } = Text("the path of a folder", (text, out why) =>
    {
        why = null;
        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
    });

    /// <summary>An address that can be listened on.</summary>
    public static ValueForm<string> ListenAddress { get; } = Text("an IP address of this machine, or localhost", (text, out why) =>
    {
        why = null;
        if (text.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return "localhost";
        if (text is "*" or "+") why = "for all addresses write 0.0.0.0 (or :: for IPv6 too)";
        var bare = text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;
        // A lone number is an address to the parser (`1` is 0.0.0.1), never to the person who wrote it.
        return bare.AsSpan().ContainsAny('.', ':') && IPAddress.TryParse(bare, out var address) ? address.ToString() : null;
    });

    /// <summary>A host name, or <c>*</c>.</summary>
    public static ValueForm<string> HostName { get; } = Text("a host name without scheme and port, such as mycel.example.org, or *", (text, out why) =>
    {
        why = null;
        if (text == "*") return text;
        if (text.Contains("://", StringComparison.Ordinal)) why = "leave out the scheme";
        else if (text.Contains(':', StringComparison.Ordinal)) why = "leave out the port";
        return text.Length is > 0 and <= MaxHostNameLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? text.ToLowerInvariant() : null;
    });

    /// <summary>A web origin, or <c>*</c>.</summary>
    public static ValueForm<string> WebOrigin { get; } = Text("an origin such as https://chat.example.org or http://localhost:3000, or *", (text, out why) =>
    {
        why = null;
        if (text == "*") return text;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0) return null;
        if (uri.AbsolutePath.Trim('/').Length > 0) why = "leave out the path";
        else if (uri.UserInfo.Length + uri.Query.Length + uri.Fragment.Length > 0) why = "leave out all but scheme, host and port";
        return why is null ? uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped).ToLowerInvariant() : null;
    });

    /// <summary>An IP address or a network.</summary>
    public static ValueForm<string> Network { get; } = Text("an IP address or a network such as 10.0.0.0/8", (text, out why) =>
    {
        why = null;
        if (!text.AsSpan().ContainsAny('.', ':')) return null;
        if (!text.Contains('/', StringComparison.Ordinal)) return IPAddress.TryParse(text, out var address) ? address.ToString() : null;
        if (!IPNetwork.TryParse(text, out var network)) return null;
        // 10.1.2.3/8 is more likely meant as one machine than as the sixteen million whose word would then be believed.
        if (IPAddress.Parse(text[..text.IndexOf('/', StringComparison.Ordinal)]).Equals(network.BaseAddress)) return network.ToString();
        why = $"bits are set after the prefix: write {network} for the network, or leave out the / part for one machine";
        return null;
    });

    /// <summary>Where other nodes reach this one.</summary>
    public static ValueForm<string> LinkAddress { get; } = Text("a host:port such as node.example.org:8421 or [2001:db8::1]:8421 (QUIC), or the https:// address of the node's HTTP interface", (text, out why) =>
    {
        why = null;
        if (text.Length > MaxLinkAddressLength) return null;
        if (!text.Contains("://", StringComparison.Ordinal)) return HostAndPort(text, out why);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0) return null;
        if (uri.UserInfo.Length + uri.Query.Length + uri.Fragment.Length > 0) why = "leave out all but scheme, host, port and path";
        return why is null ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') : null;
    });

    /// <summary>Who may ask for a model.</summary>
    public static ValueForm<string> Scope { get; } = Text("home (your own nodes), networks (every network of the node), or the name or id of a network", (text, out why) =>
    {
        why = null;
        if (text.Equals("home", StringComparison.OrdinalIgnoreCase) || text.Equals("networks", StringComparison.OrdinalIgnoreCase)) return text.ToLowerInvariant();
        return text.Length is > 0 and <= MaxNetworkNameLength && !text.Any(char.IsControl) ? text : null;
    });

    /// <summary>A rate, or none.</summary>
    public static ValueForm<RateLimit?> Rate { get; } = new()
    {
        Accepted = RateLimit.Accepted + "; or none",
        TryRead = (string text, out RateLimit? value, out string? why) =>
        {
            (value, why) = (null, null);
            if (text is "" or "none") return true;
            if (!RateLimit.TryParse(text, out var rate)) return false;
            value = rate;
            return true;
        },
        Write = value => value?.ToString() ?? "none",
        ToJson = value => value is null ? null : JsonValue.Create(value.Value.ToString()),
    };

    /// <summary>The path of a file.</summary>
    public static ValueForm<string> FilePath { get; } = Text("the path of a file", (text, out why) =>
    {
        why = null;
        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
    });

    /// <summary>The place of something secret, or none.</summary>
    public static ValueForm<string> SecretReference { get; } = new()
    {
        Accepted = "secret:NAME (see mycel secret set), env:NAME, or none",
        TryRead = (string text, out string value, out string? why) =>
        {
            (value, why) = ("", null);
            if (text is "" or "none") return true;
            value = text;
            if (KeyReference.IsValid(text)) return true;
            why = "what is secret is not written into the settings";
            return false;
        },
        Write = value => value.Length == 0 ? "none" : value,
        ToJson = value => value.Length == 0 ? null : JsonValue.Create(value),
    };

    /// <summary>An amount of credit.</summary>
    public static ValueForm<long> Credits { get; } = new()
    {
        Accepted = "credits, 0–1,000,000,000 with up to six decimals",
        TryRead = (string text, out long value, out string? why) =>
        {
            why = null;
            return CreditAmount.TryParse(text, out value);
        },
        Write = CreditAmount.Exact,
        ToJson = value => JsonValue.Create((decimal)value / CreditAmount.One),
    };

    /// <summary>What a model costs.</summary>
    public static ValueForm<string> Price { get; } = Text(ModelPrice.Accepted, (text, out why) =>
    {
        why = null;
        return ModelPrice.TryParse(text, out var price) ? price.ToString() : null;
    });

    /// <summary>What a model costs, or null for a price by its quality.</summary>
    public static ValueForm<ModelPrice?> PriceOrAuto { get; } = new()
    {
        Accepted = ModelPrice.Accepted + "; or auto",
        TryRead = (string text, out ModelPrice? value, out string? why) =>
        {
            (value, why) = (null, null);
            if (text.Equals("auto", StringComparison.OrdinalIgnoreCase)) return true;
            if (!ModelPrice.TryParse(text, out var price)) return false;
            value = price;
            return true;
        },
        Write = value => value?.ToString() ?? "auto",
        ToJson = value => JsonValue.Create(value?.ToString() ?? "auto"),
    };

    /// <summary>A budget, or none.</summary>
    public static ValueForm<CreditBudget?> Budget { get; } = new()
    {
        Accepted = CreditBudget.Accepted + "; or none",
        TryRead = (string text, out CreditBudget? value, out string? why) =>
        {
            (value, why) = (null, null);
            if (text is "" or "none") return true;
            if (!CreditBudget.TryParse(text, out var budget)) return false;
            value = budget;
            return true;
        },
        Write = value => value?.ToString() ?? "none",
        ToJson = value => value is null ? null : JsonValue.Create(value.Value.ToString()),
    };

    /// <summary>A whole number in a range, its bounds included.</summary>
    public static ValueForm<int> Whole(int least, int most) => new()
    {
        Accepted = $"a whole number {Range(least, most)}",
        TryRead = (string text, out int value, out string? why) =>
        {
            why = null;
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
        },
        Write = value => value.ToString(CultureInfo.InvariantCulture),
        ToJson = value => JsonValue.Create(value),
    };

    /// <summary>A number in a range, its bounds included.</summary>
    public static ValueForm<double> Number(double least, double most) => new()
    {
        Accepted = $"a number {Range(least, most)}",
        TryRead = (string text, out double value, out string? why) =>
        {
            why = null;
            const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
            return double.TryParse(text, Style, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
        },
        Write = value => value.ToString(CultureInfo.InvariantCulture),
        ToJson = value => JsonValue.Create(value),
    };

    /// <summary>One of a few words.</summary>
    public static ValueForm<T> OneOf<T>(params (string Word, T Value)[] choices) => new()
    {
        Accepted = string.Join(", ", choices.SkipLast(1).Select(c => c.Word)) + " or " + choices[^1].Word,
        TryRead = (string text, out T value, out string? why) =>
        {
            why = null;
            var index = Array.FindIndex(choices, c => c.Word.Equals(text, StringComparison.OrdinalIgnoreCase));
            value = index < 0 ? choices[0].Value : choices[index].Value;
            return index >= 0;
        },
        Write = value => WordFor(choices, value),
        ToJson = value => JsonValue.Create(WordFor(choices, value)),
    };

    private static string? HostAndPort(string text, out string? why)
    {
        why = null;
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? text : text[..colon];
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0) why = "a port is missing behind the host, such as :8421";
        else if (host.StartsWith('[') && host.EndsWith(']')) return IPAddress.TryParse(host[1..^1], out _) ? text : null;
        else if (host.Contains(':', StringComparison.Ordinal)) why = "an IPv6 address goes in brackets, with the port behind them";
        else if (host.Length is > 0 and <= MaxHostNameLength && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')) return text.ToLowerInvariant();
        return null;
    }

    private delegate string? TextReader(string text, out string? why);

    private static ValueForm<string> Text(string accepted, TextReader read) => new()
    {
        Accepted = accepted,
        TryRead = (string text, out string value, out string? why) =>
        {
            var kept = read(text, out why);
            value = kept ?? "";
            return kept is not null;
        },
        Write = value => value,
        ToJson = value => JsonValue.Create(value),
    };

    private static string WordFor<T>((string Word, T Value)[] choices, T value) =>
        Array.Find(choices, c => EqualityComparer<T>.Default.Equals(c.Value, value)).Word;

    private static string Range(double least, double most) =>
        string.Create(CultureInfo.InvariantCulture, $"{least:#,0.###}–{most:#,0.###}");
}
