using System.CommandLine;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>The command <c>join</c>: tells the node that runs here, or becomes one.</summary>
internal static class JoinCommand
{
    /// <summary>How long joining may take: an invite may name several nodes with several addresses, and a dead one takes its time.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);

    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        ServeOptions serve = new();
        NodeOptions node = new(serve.DataDir, serve.Config);
        Argument<string[]> token = InviteToken.Argument();
        CliCommand command = new("join", "Join a network by an invite; where no node runs here, this becomes one, as with serve")
        {
            Examples =
            [
                "mycel join mycel-CmQK…",
                "mycel join mycel-CmQK… --model qwen3-4b       # and share a model of one's own",
                "mycel join - < invite.txt",
            ],
        };
        command.Arguments.Add(token);
        serve.AddTo(command);
        node.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            (string text, Invite invite) = InviteToken.Read(line.GetRequiredValue(token), console);
            RefuseEnded(invite);
            NodeAddress address = node.Resolve(line);
            try
            {
                return await TellAsync(address, console, text, invite, serve.GivenForStart(line), cancel);
            }
            catch (NodeClientException error) when (error.ExitCode == ExitCode.NotRunning && address.SocketPath is not null)
            {
                console.WriteLine("No node is running here, so this starts one. Ctrl-C stops it; from then on 'mycel serve' is enough: it stays a member.");
                return await ServeCommand.RunAsync(serve.Read(line), console, stop => JoinAsync(address, console, text, invite, stop));
            }
        });
        return command;
    }

    /// <summary>An invite that is over is refused here: a node need not be started for that.</summary>
    private static void RefuseEnded(Invite invite)
    {
        try
        {
            invite.CheckTime(DateTimeOffset.UtcNow);
        }
        catch (StatementException ended)
        {
            throw new NodeClientException($"{ended.Message} Ask for a new one, and see that this machine's clock is right.");
        }
    }

    private static async Task<int> TellAsync(NodeAddress address, CliConsole console, string token, Invite invite, IReadOnlyList<string> forStart, CancellationToken cancel)
    {
        using NodeClient node = new(address, Timeout);
        int code = await new JoinWork(node, console, TimeProvider.System).RunAsync(token, invite.Network.Name, cancel);
        if (forStart.Count > 0) console.Error.WriteLine($"note: a node was running already, so {string.Join(", ", forStart)} had no effect. Stop it first to start it with them.");
        return code;
    }

    /// <summary>Joins by the node that was started for it; a failure stops that node again.</summary>
    private static async Task<int> JoinAsync(NodeAddress address, CliConsole console, string token, Invite invite, CancellationToken stop)
    {
        try
        {
            using NodeClient node = new(address, Timeout);
            return await new JoinWork(node, console, TimeProvider.System).RunAsync(token, invite.Network.Name, stop);
        }
        catch (NodeClientException error)
        {
            console.WriteError($"{error.Message} The node stops again; nothing was joined.");
            return error.ExitCode == ExitCode.Ok ? ExitCode.Failed : error.ExitCode;
        }
    }
}
