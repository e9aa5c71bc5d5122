using System.CommandLine;
using Mycel.Identity.Networks;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Networks;

/// <summary>The <c>invite</c> commands.</summary>
internal sealed class InviteCommands
{
    private readonly NodeOptions _node = new();

    private InviteCommands()
    {
    }

    /// <summary>Makes the group.</summary>
    public static Command Build()
    {
        InviteCommands commands = new();
        CliCommand group = new("invite", "Invite others to a network, and take invites back")
        {
            Examples = ["mycel invite create", "mycel invite create --uses 5 --expires 12h --label \"study group\"", "mycel invite list"],
        };
        group.Subcommands.Add(commands.BuildCreate());
        group.Subcommands.Add(commands.BuildList());
        group.Subcommands.Add(commands.BuildRevoke());
        group.Subcommands.Add(BuildQr());
        return group;
    }

    private CliCommand BuildCreate()
    {
        Option<string?> network = new("--network", "-n") { Description = "Name or id of the network; needed where the node belongs to several", HelpName = "NAME" };
        network.CompletionSources.Add(context => NodeCompletions.Networks(() => _node.Connect(context.ParseResult)));
        Option<int?> uses = CliCommand.NumberOption("--uses", 1, Invite.MaxUses);
        uses.Description = "How many people it admits (default 1)";
        uses.HelpName = "N";
        Option<TimeSpan?> expires = ExpiresOption();
        Option<string[]> models = new("--models") { Description = "Models that the guest may ask for, with commas between (default: all that are shared)", HelpName = "NAMES" };
        Option<long?> credit = CreditOption();
        Option<bool> mayInvite = new("--may-invite") { Description = "Let the guest invite others, with no more rights than their own" };
        Option<string?> label = new("--label") { Description = "For your own list, such as who it is for", HelpName = "TEXT" };
        Option<bool> noQr = new("--no-qr") { Description = "Leave out the QR code" };
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("create", "Make an invite; whoever has it may use it, so hand it over in private")
        {
            Examples =
            [
                "mycel invite create",
                "mycel invite create --uses 5 --expires 12h --label \"study group\"",
                "mycel invite create --network friends --models qwen3-4b,llama3.2",
                "mycel invite create | ssh friend mycel join -",
            ],
        };
        Add(command, network, uses, expires, models, credit, mayInvite, label, noQr, json);
        Runs(command, (work, line, cancel) => work.CreateAsync(
            new InviteCreateRequest
            {
                Network = line.GetValue(network),
                Uses = line.GetValue(uses),
                ExpiresS = (long?)line.GetValue(expires)?.TotalSeconds,
                Models = NamesOf(line.GetValue(models)),
                CreditLine = line.GetValue(credit),
                MayInvite = line.GetValue(mayInvite) ? true : null,
                Label = line.GetValue(label),
            },
            !line.GetValue(noQr),
            line.GetValue(json),
            cancel));
        return command;
    }

    private CliCommand BuildList()
    {
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("list", "Show the invites that this node made, and whom they admitted") { Examples = ["mycel invite list", "mycel invite list --json"] };
        command.Aliases.Add("ls");
        Add(command, json);
        Runs(command, (work, line, cancel) => work.ListAsync(line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildRevoke()
    {
        Argument<string> id = new("ID") { Description = "Id of the invite, or its beginning" };
        id.CompletionSources.Add(context => NodeCompletions.Invites(() => _node.Connect(context.ParseResult)));
        CliCommand command = new("revoke", "Take an invite back: it admits nobody more; those it admitted stay") { Examples = ["mycel invite revoke 3f6c0a17"] };
        command.Arguments.Add(id);
        Add(command);
        Runs(command, (work, line, cancel) => work.RevokeAsync(line.GetRequiredValue(id), cancel));
        return command;
    }

    private static CliCommand BuildQr()
    {
        Argument<string[]> token = InviteToken.Argument();
        CliCommand command = new("qr", "Draw an invite as a QR code") { Examples = ["mycel invite qr mycel-CmQK…", "mycel invite create | tee invite.txt | mycel invite qr -"] };
        command.Arguments.Add(token);
        command.Runs((line, console, _) =>
        {
            string text = InviteToken.Read(line.GetRequiredValue(token), console).Token;
            InviteQr.Write(text, console, isAskedFor: true);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static IReadOnlyList<string>? NamesOf(string[]? texts) =>
        texts is { Length: > 0 } ? [.. texts.SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))] : null;

    private static Option<TimeSpan?> ExpiresOption() => new("--expires")
    {
        Description = "How long it is valid, such as 12h or 7d (default 7d)",
        HelpName = "TIME",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (DurationText.TryParse(text, out TimeSpan span) && span >= TimeSpan.FromMinutes(1) && span <= Invite.MaxValidity) return span;
            result.AddError($"--expires takes {DurationText.Accepted}, from 1m to {Invite.MaxValidity.TotalDays}d, not '{Printable.Line(text, 40)}'.");
            return null;
        },
    };

    private static Option<long?> CreditOption() => new("--credit-line")
    {
        Description = "Credits that the guest may owe; 0 for a guest who has to earn first (default: the setting credit.line)",
        HelpName = "CREDITS",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (CreditAmount.TryParse(text, out long credits)) return credits;
            result.AddError($"--credit-line takes a number of credits from 0 to 1000000000 with up to six decimals, not '{Printable.Line(text, 40)}'.");
            return null;
        },
    };

    private void Add(CliCommand command, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options) command.Options.Add(option);
        _node.AddTo(command);
    }

    private void Runs(CliCommand command, Func<InviteWork, ParseResult, CancellationToken, Task<int>> run) => command.Runs(async (line, console, cancel) =>
    {
        using NodeClient node = _node.Connect(line);
        return await run(new InviteWork(node, console), line, cancel);
    });
}
