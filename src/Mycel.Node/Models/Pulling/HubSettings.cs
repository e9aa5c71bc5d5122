namespace Mycel.Node.Models.Pulling;

/// <summary>The hub that <c>hf:</c> sources name, and who we are there.</summary>
/// <param name="Endpoint">Base address; a path in it is kept.</param>
/// <param name="Token">Access token, or null. It goes to the hub alone.</param>
internal sealed record HubSettings(Uri Endpoint, string? Token)
{
    private const string DefaultEndpoint = "https://huggingface.co";

    /// <summary>As <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c> say; an endpoint that is no http(s) address is passed over.</summary>
    public static HubSettings FromEnvironment(Func<string, string?> variable)
    {
        var named = variable("HF_ENDPOINT")?.Trim();
        var isUsable = Uri.TryCreate(named, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "https" or "http";
        var token = variable("HF_TOKEN")?.Trim();
        return new HubSettings(isUsable ? endpoint! : new Uri(DefaultEndpoint), string.IsNullOrEmpty(token) ? null : token);
    }

    /// <summary>As the variables of this process say.</summary>
    public static HubSettings FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>The address of a file of a repository.</summary>
    public Uri AddressOf(string repository, string revision, string file)
    {
        var path = string.Join('/', file.Split('/').Select(Uri.EscapeDataString));
        return new Uri($"{Endpoint.AbsoluteUri.TrimEnd('/')}/{repository}/resolve/{Uri.EscapeDataString(revision)}/{path}");
    }

    /// <summary>Whether an address is the hub's own.</summary>
    public bool Owns(Uri address) => Uri.Compare(address, Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <inheritdoc/>
    public override string ToString() => Endpoint.Host;
}
