namespace Mycel.Node.Cli.Client;

/// <summary>Where a node is spoken to: its control socket on this machine, or its HTTP address.</summary>
internal sealed class NodeAddress
{
    private NodeAddress(string? socketPath, Uri baseAddress, string? key)
    {
        SocketPath = socketPath;
        BaseAddress = baseAddress;
        Key = key;
    }

    /// <summary>The control socket, or null when the node is spoken to over HTTP.</summary>
    public string? SocketPath { get; }

    /// <summary>Address that paths are appended to; ends with a slash.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The key presented, or null.</summary>
    public string? Key { get; }

    /// <summary>How the node is called in messages.</summary>
    public string Display => SocketPath ?? BaseAddress.ToString().TrimEnd('/');

    /// <summary>The node of this machine whose control socket this is.</summary>
    public static NodeAddress OfSocket(string path) => new(path, new Uri("http://localhost/"), null);

    /// <summary>A node, or any other OpenAI-compatible server, by its address; a trailing <c>/v1</c> is dropped and http:// may be left out.</summary>
    /// <exception cref="NodeClientException">This is no http or https address.</exception>
    public static NodeAddress OfEndpoint(string endpoint, string? key)
    {
        string text = endpoint.Trim();
        if (!text.Contains("://", StringComparison.Ordinal)) text = "http://" + text;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
            throw new NodeClientException($"'{endpoint}' is no address of a node. Give one like http://127.0.0.1:8420.", ExitCode.Usage);

        string path = address.AbsolutePath.TrimEnd('/');
        if (path.EndsWith("/v1", StringComparison.Ordinal)) path = path[..^3];
        return new NodeAddress(null, new UriBuilder(address.Scheme, address.Host, address.Port, path.TrimEnd('/') + "/").Uri, string.IsNullOrEmpty(key) ? null : key);
    }
}
