using System.CommandLine;
using Mycel.Ledger.Statements;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>The <c>network</c> commands.</summary>
internal sealed class NetworkCommands
{
    private readonly NodeOptions _node = new();

    private NetworkCommands()
    {
    }

    /// <summary>Makes the group.</summary>
    public static Command Build()
    {
        NetworkCommands commands = new();
        CliCommand group = new("network", "Networks: share models with the nodes of friends and of your own")
        {
            Examples = ["mycel network create friends", "mycel invite create", "mycel network list"],
        };
        group.Subcommands.Add(commands.BuildCreate());
        group.Subcommands.Add(commands.BuildList());
        group.Subcommands.Add(commands.BuildShow());
        group.Subcommands.Add(commands.BuildAppoint());
        group.Subcommands.Add(commands.BuildDismiss());
        group.Subcommands.Add(commands.BuildLeave());
        return group;
    }

    private CliCommand BuildCreate()
    {
        Argument<string> name = new("NAME") { Description = "Name of the network, for people" };
        Option<bool> isPublic = new("--public") { Description = "Admit newcomers without an invite" };
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("create", "Found a network; it belongs to this node's account") { Examples = ["mycel network create friends", "mycel network create \"The lab\" --public"] };
        command.Arguments.Add(name);
        Add(command, isPublic, json);
        Runs(command, (work, line, cancel) => work.CreateAsync(line.GetRequiredValue(name), line.GetValue(isPublic), line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildList()
    {
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("list", "Show the networks that this node belongs to") { Examples = ["mycel network list", "mycel network list --json"] };
        command.Aliases.Add("ls");
        Add(command, json);
        Runs(command, (work, line, cancel) => work.ListAsync(line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildShow()
    {
        Argument<string> name = NetworkArgument();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("show", "Show a network, this node's rights in it and who else is in it") { Examples = ["mycel network show friends"] };
        command.Arguments.Add(name);
        Add(command, json);
        Runs(command, (work, line, cancel) => work.ShowAsync(line.GetRequiredValue(name), line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildAppoint()
    {
        Argument<string> other = OtherArgument();
        Option<TimeSpan?> expires = ExpiresOption();
        Option<string> network = NetworkOption();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("appoint", "Let another node keep the ledger of your network, too")
        {
            Examples = ["mycel network appoint gpu-box", "mycel network appoint gpu-box --expires 30d --network friends"],
        };
        command.Arguments.Add(other);
        Add(command, expires, network, json);
        Runs(command, (work, line, cancel) => work.AppointAsync(
            new AppointRequest(line.GetValue(network), line.GetRequiredValue(other), (long?)line.GetValue(expires)?.TotalSeconds), line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildDismiss()
    {
        Argument<string> other = OtherArgument();
        Option<string> network = NetworkOption();
        CliCommand command = new("dismiss", "Take an appointment back: what the node says of balances from now on, nobody believes") { Examples = ["mycel network dismiss gpu-box"] };
        command.Arguments.Add(other);
        Add(command, network);
        Runs(command, (work, line, cancel) => work.DismissAsync(line.GetRequiredValue(other), line.GetValue(network), cancel));
        return command;
    }

    private CliCommand BuildLeave()
    {
        Argument<string> name = NetworkArgument();
        CliCommand command = new("leave", "Leave a network: its models go from this node's list, and this node's from theirs") { Examples = ["mycel network leave friends"] };
        command.Arguments.Add(name);
        Add(command);
        Runs(command, (work, line, cancel) => work.LeaveAsync(line.GetRequiredValue(name), cancel));
        return command;
    }

    private Argument<string> NetworkArgument()
    {
        Argument<string> name = new("NAME") { HelpName = "NAME|ID", Description = "Name of the network, or its id" };
        name.CompletionSources.Add(context => NodeCompletions.Networks(() => _node.Connect(context.ParseResult)));
        return name;
    }

    private Argument<string> OtherArgument()
    {
        Argument<string> name = new("NODE") { HelpName = "NODE|ID", Description = "Name of the node, or the beginning of its id" };
        name.CompletionSources.Add(context => NodeCompletions.Peers(() => _node.Connect(context.ParseResult)));
        return name;
    }

    private Option<string> NetworkOption()
    {
        Option<string> network = new("--network") { Description = "Which network, where this node belongs to several", HelpName = "NAME|ID" };
        network.CompletionSources.Add(context => NodeCompletions.Networks(() => _node.Connect(context.ParseResult)));
        return network;
    }

    private static Option<TimeSpan?> ExpiresOption() => new("--expires")
    {
        Description = "How long the node may, such as 30d or 12h (default 90d)",
        HelpName = "TIME",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (DurationText.TryParse(text, out TimeSpan span) && span >= TimeSpan.FromMinutes(1) && span <= Appointment.MaxValidity) return span;
            result.AddError($"--expires takes {DurationText.Accepted}, from 1m to {Appointment.MaxValidity.TotalDays}d, not '{Printable.Line(text, 40)}'.");
            return null;
        },
    };

    private void Add(CliCommand command, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options) command.Options.Add(option);
        _node.AddTo(command);
    }

    private void Runs(CliCommand command, Func<NetworkWork, ParseResult, CancellationToken, Task<int>> run) => command.Runs(async (line, console, cancel) =>
    {
        using NodeClient node = _node.Connect(line);
        return await run(new NetworkWork(node, console), line, cancel);
    });
}
