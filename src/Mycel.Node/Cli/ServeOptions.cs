using System.CommandLine;
using System.CommandLine.Completions;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>The options of the commands that run a node.</summary>
internal sealed class ServeOptions
{
    private static readonly string[] LogLevels = ["debug", "info", "warn", "error"];

    private readonly Option<string[]> _relay = new("--relay", "-r")
    {
        Description = "Device whose models to serve on, such as http://gpu-box:11434; may be repeated",
        HelpName = "URL",
    };

    private readonly Option<string[]> _model = new("--model", "-m")
    {
        Description = "Model file (GGUF) to compute here, or the name of a pulled one; NAME=PATH serves it under that name; may be repeated",
        HelpName = "PATH|NAME",
    };

    private readonly Option<bool> _demo = new("--demo") { Description = "Serve the small model that comes with the program, to try things out" };
    private readonly Option<string?> _host = new("--host") { Description = "Address to listen on (default 127.0.0.1)", HelpName = "ADDRESS" };
    private readonly Option<int?> _port = CliCommand.NumberOption("--port", 0, 65_535, "-p");
    private readonly Option<int?> _linkPort = CliCommand.NumberOption("--link-port", 0, 65_535);
    private readonly Option<string[]> _linkAddress = new("--link-address")
    {
        Description = "Further address at which others reach this node, such as that of a forwarded port; may be repeated",
        HelpName = "HOST:PORT",
    };

    private readonly Option<bool> _noLan = new("--no-lan") { Description = "Neither look for the other nodes of this account on the local network nor be found by them there" };
    private readonly Option<bool> _noDht = new("--no-dht") { Description = "Take no part in the table by which nodes and models of public networks are found" };
    private readonly Option<bool> _open = new("--open") { Description = "Serve without keys beyond this machine: anyone who reaches the port may use the models" };
    private readonly Option<string?> _logLevel = new("--log-level") { Description = "debug, info, warn or error (default info)", HelpName = "LEVEL" };

    public ServeOptions()
    {
        _model.CompletionSources.Add(_ => NodeCompletions.ModelFiles());
        _port.Description = "Port to listen on (default 8420; 0 takes any free one)";
        _port.HelpName = "PORT";
        _linkPort.Description = "UDP port for links with other nodes (default 8421; 0 takes any free one)";
        _linkPort.HelpName = "PORT";
        _logLevel.CompletionSources.Add(_ => LogLevels.Select(level => new CompletionItem(level)));
    }

    /// <summary><c>--config</c>.</summary>
    public Option<string?> Config { get; } = new("--config", "-c") { Description = "Configuration file (default ./mycel.yaml, then ~/.config/mycel/mycel.yaml)", HelpName = "FILE" };

    /// <summary><c>--data-dir</c>.</summary>
    public Option<string?> DataDir { get; } = new("--data-dir") { Description = "Folder for keys, secrets and state (default ~/.local/share/mycel)", HelpName = "DIR" };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_relay, _model, _demo, _host, _port, _linkPort, _linkAddress, _noLan, _noDht, Config, DataDir, _open, _logLevel]) command.Options.Add(option);
    }

    /// <summary>What was given.</summary>
    public CommandLineSettings Read(ParseResult line) => new()
    {
        Relays = line.GetValue(_relay) ?? [],
        Models = line.GetValue(_model) ?? [],
        Demo = line.GetValue(_demo) ? true : null,
        Host = line.GetValue(_host),
        Port = line.GetValue(_port),
        LinkPort = line.GetValue(_linkPort),
        LinkAddresses = line.GetValue(_linkAddress) ?? [],
        NoLan = line.GetValue(_noLan) ? true : null,
        NoDht = line.GetValue(_noDht) ? true : null,
        ConfigFile = line.GetValue(Config),
        DataDir = line.GetValue(DataDir),
        Open = line.GetValue(_open) ? true : null,
        LogLevel = line.GetValue(_logLevel),
    };

    /// <summary>The names of those given that only a start can follow: not the ones by which a running node is found.</summary>
    public IReadOnlyList<string> GivenForStart(ParseResult line) =>
        [.. ((Option[])[_relay, _model, _demo, _host, _port, _linkPort, _linkAddress, _noLan, _noDht, _open, _logLevel]).Where(option => line.GetResult(option) is { Implicit: false }).Select(option => option.Name)];
}
