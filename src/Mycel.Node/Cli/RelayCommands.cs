using System.CommandLine;
using System.CommandLine.Completions;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>The <c>relay</c> commands, also those behind <c>/relay</c> in a chat.</summary>
internal sealed class RelayCommands
{
    private readonly Func<ParseResult, NodeClient> _connect;
    private readonly Action<Command> _addOptions;
    private readonly Func<string, CliConsole, Task<string>> _readHidden;

    private RelayCommands(Func<ParseResult, NodeClient> connect, Action<Command> addOptions, Func<string, CliConsole, Task<string>> readHidden)
    {
        _connect = connect;
        _addOptions = addOptions;
        _readHidden = readHidden;
    }

    /// <summary>For the command line: the node is found by options.</summary>
    public static Command Build()
    {
        NodeOptions node = new();
        return new RelayCommands(
            line => node.Connect(line, RelayWork.Timeout), node.AddWithFleetTo, (prompt, console) => Task.FromResult(HiddenInput.Read(prompt, console))).BuildGroup();
    }

    /// <summary>For a chat: the node is the one being chatted with.</summary>
    /// <param name="address">That node.</param>
    /// <param name="readHidden">Reads a key without showing it.</param>
    public static Command BuildFor(NodeAddress address, Func<string, CliConsole, Task<string>> readHidden) =>
        new RelayCommands(_ => new NodeClient(address, RelayWork.Timeout), _ => { }, readHidden).BuildGroup();

    private CliCommand BuildGroup()
    {
        CliCommand group = new("relay", "Use the models of other machines: Ollama, LM Studio, vLLM, llama-server and their like")
        {
            Examples =
            [
                "mycel relay add http://gpu-box:11434",
                "mycel relay list",
                "mycel relay remove gpu-box",
            ],
        };
        group.Subcommands.Add(BuildAdd());
        group.Subcommands.Add(BuildList());
        group.Subcommands.Add(BuildRemove());
        group.Subcommands.Add(BuildRefresh());
        return group;
    }

    private CliCommand BuildAdd()
    {
        Argument<string> url = new("URL") { Description = "Base address of the device, such as http://gpu-box:11434" };
        Option<string?> name = new("--name") { Description = "Short name for the device (default: its host)", HelpName = "NAME" };
        Option<string?> key = new("--api-key")
        {
            Description = "Key the device asks for: secret:NAME (secret store), env:NAME (the node's environment), or - to type or pipe it in",
            HelpName = "secret:NAME|env:NAME|-",
        };
        Option<int?> maxConcurrent = CliCommand.NumberOption("--max-concurrent", 1, 10_000);
        maxConcurrent.Description = "Requests on the device at once (default: relay.max_concurrent)";
        maxConcurrent.HelpName = "N";
        Option<bool> force = new("--force") { Description = "Add it even if it does not answer now" };
        CliCommand command = new("add", "Add a device; the node asks it for its models at once")
        {
            Examples =
            [
                "mycel relay add http://gpu-box:11434",
                "mycel relay add https://llm.example.org --name cloud --api-key secret:cloud",
                "mycel relay add http://10.0.0.7:8000 --max-concurrent 64 --force",
            ],
        };
        command.Arguments.Add(url);
        Add(command, name, key, maxConcurrent, force);
        command.Runs(async (line, console, cancel) =>
        {
            string? apiKey = await RelayWork.ReadKeyAsync(line.GetValue(key), prompt => _readHidden(prompt, console));
            using NodeClient node = _connect(line);
            return await new RelayWork(node, console).AddAsync(
                new RelayAddRequest
                {
                    Url = line.GetRequiredValue(url),
                    Name = line.GetValue(name),
                    ApiKey = apiKey,
                    MaxConcurrent = line.GetValue(maxConcurrent),
                    Force = line.GetValue(force) ? true : null,
                },
                cancel);
        });
        return command;
    }

    private CliCommand BuildList()
    {
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("list", "Show the devices, their state and their models") { Examples = ["mycel relay list", "mycel relay list --json"] };
        command.Aliases.Add("ls");
        Add(command, json);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = _connect(line);
            return await new RelayWork(node, console).ListAsync(line.GetValue(json), cancel);
        });
        return command;
    }

    private CliCommand BuildRemove()
    {
        Argument<string> device = new("NAME|URL") { Description = "The device's name or address" };
        device.CompletionSources.Add(CompleteNames);
        CliCommand command = new("remove", "Stop using a device; requests running on it finish") { Examples = ["mycel relay remove gpu-box"] };
        command.Aliases.Add("rm");
        command.Arguments.Add(device);
        Add(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = _connect(line);
            return await new RelayWork(node, console).RemoveAsync(line.GetRequiredValue(device), cancel);
        });
        return command;
    }

    private CliCommand BuildRefresh()
    {
        Argument<string?> device = new("NAME|URL")
        {
            Description = "The device's name or address (default: all devices)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        device.CompletionSources.Add(CompleteNames);
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("refresh", "Ask the devices for their models now") { Examples = ["mycel relay refresh", "mycel relay refresh gpu-box"] };
        command.Arguments.Add(device);
        Add(command, json);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = _connect(line);
            return await new RelayWork(node, console).RefreshAsync(line.GetValue(device), line.GetValue(json), cancel);
        });
        return command;
    }

    private void Add(CliCommand command, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options) command.Options.Add(option);
        _addOptions(command);
    }

    private IEnumerable<CompletionItem> CompleteNames(CompletionContext context) => NodeCompletions.Relays(() => _connect(context.ParseResult));
}
