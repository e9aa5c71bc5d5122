namespace Mycel.Node.Cli.Client;

/// <summary>Where a node is spoken to: its control socket on this machine, or its HTTP address.</summary>
internal sealed class NodeAddress
{
    private NodeAddress(string? socketPath, Uri baseAddress, string? key, string? on = null)
    {
        SocketPath = socketPath;
        BaseAddress = baseAddress;
        Key = key;
        On = on;
    }

    /// <summary>The control socket, or null when the node is spoken to over HTTP.</summary>
    public string? SocketPath { get; }

    /// <summary>Address that paths are appended to; ends with a slash.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The key presented, or null.</summary>
    public string? Key { get; }

    /// <summary>Name or id of another node of the same account that the one spoken to passes everything on to, or null.</summary>
    public string? On { get; }

    /// <summary>How the node is called in messages.</summary>
    public string Display => On is { } other ? $"{other} (through {Here})" : Here;

    private string Here => SocketPath ?? BaseAddress.ToString().TrimEnd('/');

    /// <summary>Another node of the account, reached through this one.</summary>
    /// <exception cref="NodeClientException">The name is empty.</exception>
    public NodeAddress Through(string other) => other.Trim() is { Length: > 0 } name
        ? new NodeAddress(SocketPath, BaseAddress, Key, name)
        : throw new NodeClientException("--on needs the name or id of a node; 'mycel fleet' lists them.", ExitCode.Usage);

    /// <summary>Where a path such as <c>v1/node/status</c> is asked for.</summary>
    public string PathOf(string path) => On is { } other ? $"v1/node/fleet/{Uri.EscapeDataString(other)}/{path}" : path;

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
