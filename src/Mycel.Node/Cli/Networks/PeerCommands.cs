using System.CommandLine;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>The commands <c>peers</c> and <c>fleet</c>.</summary>
internal static class PeerCommands
{
    /// <summary>Makes <c>peers</c>.</summary>
    public static Command BuildPeers()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("peers", "Show the other nodes of the networks: how they are linked, their models, what went wrong") { Examples = ["mycel peers", "mycel peers find qwen3:8b", "mycel peers --json"] };
        command.Options.Add(json);
        options.AddWithFleetTo(command);
        command.Subcommands.Add(DhtCommands.BuildFind());
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync("v1/node/peers", cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else ShowPeers(node.Read(reply, ClientJson.Default.PeerListReply).Peers, console);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Makes <c>fleet</c>.</summary>
    public static Command BuildFleet()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("fleet", "Show the nodes of your account; --on NODE carries a command out on one of them")
        {
            Examples = ["mycel fleet", "mycel status --on gpu-box", "mycel models load qwen3-4b --on gpu-box"],
        };
        command.Options.Add(json);
        options.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync("v1/node/fleet", cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else ShowFleet(node.Read(reply, ClientJson.Default.FleetListReply).Nodes, console);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void ShowPeers(IReadOnlyList<PeerReply> peers, CliConsole console)
    {
        if (peers.Count == 0) console.WriteLine("No other nodes are known yet. Invite one with: mycel network create NAME, then mycel invite create. Or join a network with: mycel join TOKEN");
        else PeerTable.WritePeers(peers, console, DateTimeOffset.UtcNow);
    }

    private static void ShowFleet(IReadOnlyList<PeerReply> nodes, CliConsole console)
    {
        PeerTable.WriteFleet(nodes, console, DateTimeOffset.UtcNow);
        PeerReply? other = nodes.FirstOrDefault(node => !node.This && node.Linked) ?? nodes.FirstOrDefault(node => !node.This);
        console.Out.WriteLine();
        console.WriteLine(other is null
            ? "To make another machine one of yours, take the account key there: mycel account export FILE here, mycel account import FILE --replace there. Then have both in one network."
            : $"Commands go to one of them with --on, such as: mycel status --on {(nodes.Count(node => node.Name == other.Name) > 1 ? NetworkText.Id(other.Id) : NetworkText.Quoted(other.Name))}");
    }
}
