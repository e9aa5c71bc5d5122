using System.CommandLine;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.LocalModels;
using Mycel.Node.Cli.Networks;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>The command <c>status</c>, also <c>/status</c> in a chat.</summary>
internal static class StatusCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("status", "Show what the node is doing")
        {
            Examples = ["mycel status", "mycel status --json", "mycel status --on gpu-box", "mycel status --endpoint http://gpu-box:8420"],
        };
        command.Options.Add(json);
        options.AddWithFleetTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            return await ShowAsync(node, console, line.GetValue(json), cancel);
        });
        return command;
    }

    /// <summary>Asks the node and shows its answer.</summary>
    public static async Task<int> ShowAsync(NodeClient node, CliConsole console, bool json, CancellationToken cancel)
    {
        JsonElement reply = await node.GetAsync("v1/node/status", cancel);
        if (json)
        {
            console.Out.WriteLine(ClientJson.Format(reply));
            return ExitCode.Ok;
        }

        NodeStatusReply status = node.Read(reply, ClientJson.Default.NodeStatusReply);
        Write(status, console);
        LocalModelListReply local = await node.GetAsync("v1/node/models", ClientJson.Default.LocalModelListReply, cancel);
        List<LocalModelReply> served = [.. local.Models.Where(model => model.IsAnnounced)];
        if (served.Count > 0)
        {
            console.Out.WriteLine();
            ModelTable.Write(served, [], console);
        }

        if (status.Relays.Total > 0)
        {
            RelayListReply relays = await node.GetAsync("v1/node/relay", ClientJson.Default.RelayListReply, cancel);
            console.Out.WriteLine();
            RelayTable.Write(relays.Relays, console);
        }

        if (status.Links.PeersKnown > 0)
        {
            PeerListReply peers = await node.GetAsync("v1/node/peers", ClientJson.Default.PeerListReply, cancel);
            console.Out.WriteLine();
            PeerTable.WritePeers(peers.Peers, console, DateTimeOffset.UtcNow);
        }

        if (served.Count == 0 && status is { Models: 0, Relays.Total: 0 })
        {
            console.Out.WriteLine();
            console.WriteLine(
                "No models yet. See what suits this machine with: mycel models recommend. Or add a relay device with: mycel relay add http://HOST:PORT. Or join a friend's network with: mycel join TOKEN");
        }

        return ExitCode.Ok;
    }

    private static void Write(NodeStatusReply status, CliConsole console)
    {
        TextStyle look = status.State == "ready" ? TextStyle.Accent : TextStyle.Warning;
        string name = Printable.Line(status.Name.Length > 0 ? status.Name : status.NodeId);
        string state = console.Styled(Printable.Line(status.State), TextStyle.Bold | look);
        string uptime = HumanFormat.Duration(TimeSpan.FromSeconds(Math.Clamp(status.UptimeS, 0, 1e9)));
        console.Out.WriteLine($"{console.Styled(name, TextStyle.Bold)} is {state}, up {uptime}, mycel {Printable.Line(status.Version)}");
        NodeStatusReply.RequestCounts requests = status.Requests;
        Row(console, "Address", status.Endpoint);
        Row(console, "Requests", $"{HumanFormat.Count(requests.Total)} in all, {HumanFormat.Count(requests.Failed)} failed; "
            + $"{HumanFormat.Count(requests.Active)} running, {HumanFormat.Count(requests.Queued)} waiting");
        Row(console, "Tokens", $"{HumanFormat.Count(status.Tokens.Prompt)} read, {HumanFormat.Count(status.Tokens.Completion)} written");
        Row(console, "Slots", $"{HumanFormat.Count(status.Slots.Used)} of {HumanFormat.Count(status.Slots.Total)} in use");
        Row(console, "Models", HumanFormat.Count(status.Models));
        Row(console, "Relays", $"{status.Relays.Online} of {status.Relays.Total} online");
        Row(console, "Networks", NetworksOf(status.Links));
        if (LinksOf(status.Links) is { } links) Row(console, "Links", links);
        Row(console, "Keys", status.Keys == 0 ? "none (callers on this machine need none)" : HumanFormat.Count(status.Keys));
        Row(console, "Node id", status.NodeId);
        Row(console, "Data", status.DataDir);
        Row(console, "Config", status.ConfigFile ?? "no file, defaults");
    }

    private static string NetworksOf(NodeStatusReply.LinkState links) => links.Networks == 0
        ? "none (join one with: mycel join TOKEN, found one with: mycel network create NAME)"
        : $"{HumanFormat.Count(links.Networks)}; {links.PeersLinked} of {HumanFormat.Of(links.PeersKnown, "other node")} linked";

    private static string? LinksOf(NodeStatusReply.LinkState links) => links switch
    {
        { Listening: { } address } => $"UDP {address}, {links.Provider}",
        { Problem: { } problem } => $"tunnels only, no QUIC: {problem}",
        _ => null,
    };

    private static void Row(CliConsole console, string label, string value) =>
        console.Out.WriteLine($"  {console.Styled(label.PadRight(9), TextStyle.Dim)} {Printable.Line(value)}");
}
