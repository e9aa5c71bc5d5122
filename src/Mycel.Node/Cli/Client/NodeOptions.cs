using System.CommandLine;
using Mycel.Node.Configuration;
using Mycel.Node.Hosting;

namespace Mycel.Node.Cli.Client;

/// <summary>The options by which a command finds its node: <c>--endpoint</c>, <c>--key</c>, <c>--data-dir</c>, <c>--config</c>, and <c>--on</c> for another one behind it.</summary>
internal sealed class NodeOptions
{
    /// <summary>Environment variable for <c>--endpoint</c>.</summary>
    public const string EndpointVariable = "MYCEL_ENDPOINT";

    /// <summary>Environment variable for <c>--key</c>.</summary>
    public const string KeyVariable = "MYCEL_API_KEY";

    /// <summary>How long a node may take to answer, unless a command knows better.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private readonly Option<string?> _endpoint = new("--endpoint", "-e")
    {
        Description = $"Address of the node, if not the one on this machine (or {EndpointVariable})",
        HelpName = "URL",
    };

    private readonly Option<string?> _key = new("--key", "-k")
    {
        Description = $"API key for --endpoint (better: {KeyVariable}, which other users can't see)",
        HelpName = "KEY",
    };

    private readonly Option<string?> _on = new("--on") { Description = "Another node of your account, by name or id; 'mycel fleet' lists them", HelpName = "NODE" };

    private readonly Option<string?> _dataDir;

    private readonly Option<string?> _config;

    /// <summary>With all options its own.</summary>
    public NodeOptions()
        : this(
            new("--data-dir") { Description = "Data folder of the node on this machine", HelpName = "DIR" },
            new("--config", "-c") { Description = "Configuration file of the node on this machine", HelpName = "FILE" })
    {
    }

    /// <summary>For a command that has <c>--data-dir</c> and <c>--config</c> already.</summary>
    public NodeOptions(Option<string?> dataDir, Option<string?> config)
    {
        _dataDir = dataDir;
        _config = config;
        _on.CompletionSources.Add(context => NodeCompletions.Fleet(() => new NodeClient(ResolveHere(context.ParseResult), DefaultTimeout)));
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        AddOnce(command, _endpoint);
        AddOnce(command, _key);
        AddOnce(command, _dataDir);
        AddOnce(command, _config);
    }

    /// <summary>Adds the options to a command that can also be carried out on another node of the account, which <c>--on</c> names.</summary>
    public void AddWithFleetTo(Command command)
    {
        AddOnTo(command);
        AddTo(command);
    }

    /// <summary>Adds <c>--on</c> alone.</summary>
    public void AddOnTo(Command command) => AddOnce(command, _on);

    /// <summary>Whether <c>--on</c> names another node.</summary>
    public bool IsElsewhere(ParseResult line) => line.GetValue(_on) is not null;

    /// <summary>Whether a command line means the node of this machine's files: its folders and paths are the node's.</summary>
    /// <exception cref="NodeClientException">The address is wrong, or the configuration can't be read.</exception>
    public bool MeansThisMachine(ParseResult line) => Resolve(line) is { SocketPath: not null, On: null };

    /// <summary>The node that a command line means.</summary>
    /// <exception cref="NodeClientException">The address is wrong, or the configuration can't be read.</exception>
    public NodeAddress Resolve(ParseResult line) => line.GetValue(_on) is { } other ? ResolveHere(line).Through(other) : ResolveHere(line);

    private NodeAddress ResolveHere(ParseResult line)
    {
        string? dataDir = line.GetValue(_dataDir), config = line.GetValue(_config);
        string? endpoint = line.GetValue(_endpoint);
        bool meansThisMachine = dataDir is not null || config is not null;
        if (endpoint is null && !meansThisMachine) endpoint = Variable(EndpointVariable);
        if (endpoint is not null) return NodeAddress.OfEndpoint(endpoint, line.GetValue(_key) ?? Variable(KeyVariable));
        return NodeAddress.OfSocket(ControlSocket.PathFor(FindDataDir(dataDir, config)));
    }

    /// <summary>A client for the node that a command line means.</summary>
    public NodeClient Connect(ParseResult line, TimeSpan? timeout = null) => new(Resolve(line), timeout ?? DefaultTimeout);

    /// <summary>For a command that also works without the control socket: the configured TCP address of this machine's node, or null
    /// when the command line names another place.</summary>
    public NodeAddress? ResolveOverTcp(ParseResult line)
    {
        if (line.GetValue(_dataDir) is not null || Resolve(line).SocketPath is null) return null;
        if (ConfigurationLoader.Load(FlagsOf(null, line.GetValue(_config))).Options is not { } options) return null;
        string host = options.Api.Host is "0.0.0.0" or "::" or "*" ? "127.0.0.1" : options.Api.Host;
        if (host.Contains(':', StringComparison.Ordinal)) host = $"[{host}]";
        return options.Api.Port == 0 ? null : NodeAddress.OfEndpoint($"http://{host}:{options.Api.Port}", line.GetValue(_key) ?? Variable(KeyVariable));
    }

    /// <summary>The settings of this machine's node, for commands that can work on its files; null when the command line means another node.</summary>
    /// <exception cref="NodeClientException">The settings have mistakes.</exception>
    public MycelOptions? LoadSettings(ParseResult line)
    {
        if (!MeansThisMachine(line)) return null;
        LoadedConfiguration loaded = ConfigurationLoader.Load(FlagsOf(line.GetValue(_dataDir), line.GetValue(_config)));
        return loaded.Options ?? throw new NodeClientException(string.Join(Environment.NewLine, loaded.Errors), ExitCode.Usage);
    }

    private static string FindDataDir(string? dataDir, string? config)
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(FlagsOf(dataDir, config));
        // A mistake in the file does not keep a running node from being found: `mycel reload` has to tell it apart.
        bool fileIsMissing = config is not null && !File.Exists(config);
        if (loaded.Options is null && (fileIsMissing || loaded.DataDir.Length == 0))
            throw new NodeClientException(string.Join(Environment.NewLine, loaded.Errors), ExitCode.Usage);
        return loaded.DataDir;
    }

    private static void AddOnce(Command command, Option option)
    {
        if (!command.Options.Contains(option)) command.Options.Add(option);
    }

    private static CommandLineSettings FlagsOf(string? dataDir, string? config) => new() { DataDir = dataDir, ConfigFile = config };

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
