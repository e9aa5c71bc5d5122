using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>Shows other nodes as tables.</summary>
internal static class PeerTable
{
    private const int WideEnoughForModels = 100;
    private const int ModelsShown = 3;
    private const int IdShown = 6;

    /// <summary>Writes the nodes of all networks, and below why some are not linked.</summary>
    public static void WritePeers(IReadOnlyList<PeerReply> peers, CliConsole console, DateTimeOffset now)
    {
        bool wide = console.Width >= WideEnoughForModels;
        TextTable table = new TextTable()
            .Add("NAME", shrinks: true)
            .Add("LINK")
            .Add("ROUND TRIP", rightAligned: true)
            .Add("NETWORKS", shrinks: true)
            .Add("MODELS", rightAligned: !wide, shrinks: wide)
            .Add("FREE", rightAligned: true);
        foreach (PeerReply peer in peers)
            table.AddRow(peer.Own ? NameOf(peer, peers) + " (yours)" : NameOf(peer, peers), LinkOf(peer, now), RoundTripOf(peer), peer.Networks.Count == 0 ? "–" : string.Join(", ", peer.Networks), ModelsOf(peer, wide), FreeOf(peer));
        table.Write(console);
        WriteErrors(peers, console);
    }

    /// <summary>Writes the nodes of one account, and below why some are not linked.</summary>
    public static void WriteFleet(IReadOnlyList<PeerReply> nodes, CliConsole console, DateTimeOffset now)
    {
        bool wide = console.Width >= WideEnoughForModels;
        TextTable table = new TextTable()
            .Add("NAME", shrinks: true)
            .Add("LINK")
            .Add("ROUND TRIP", rightAligned: true)
            .Add("MODELS", rightAligned: !wide, shrinks: wide)
            .Add("FREE", rightAligned: true)
            .Add("VERSION")
            .Add("ID");
        foreach (PeerReply node in nodes)
        {
            TextTable.Cell link = node.This ? new("this node", TextStyle.Accent) : LinkOf(node, now);
            table.AddRow(NameOf(node, nodes), link, RoundTripOf(node), ModelsOf(node, wide), FreeOf(node), node.Version ?? "–", NetworkText.Id(node.Id));
        }

        table.Write(console);
        WriteErrors(nodes, console);
    }

    /// <summary>A node's name; of several of the same name, with some of the id behind it.</summary>
    public static string NameOf(PeerReply peer, IReadOnlyList<PeerReply> all) =>
        all.Count(other => string.Equals(other.Name, peer.Name, StringComparison.OrdinalIgnoreCase)) > 1 && peer.Id.Length > IdShown ? $"{peer.Name}-{peer.Id[..IdShown]}" : peer.Name;

    private static void WriteErrors(IReadOnlyList<PeerReply> peers, CliConsole console)
    {
        bool first = true;
        foreach (PeerReply peer in peers.Where(peer => !peer.Linked && !string.IsNullOrEmpty(peer.LastError)))
        {
            if (first) console.Out.WriteLine();
            first = false;
            console.WriteLine($"{console.Styled("!", TextStyle.Error)} {Printable.Line(NameOf(peer, peers))}: {Printable.Line(peer.LastError)}", hanging: 2);
        }
    }

    private static TextTable.Cell LinkOf(PeerReply peer, DateTimeOffset now) => peer switch
    {
        { Linked: true, Carrier: "relay" } => new("relay", TextStyle.Accent),
        { Linked: true } => new($"{peer.Carrier} {peer.Direction}".Trim(), TextStyle.Accent),
        { LastSeen: { } seen } => new($"{HumanFormat.Duration(now - seen)} ago", TextStyle.Warning),
        _ => new("never", TextStyle.Dim),
    };

    private static string RoundTripOf(PeerReply peer) => peer.RoundTripMs switch
    {
        null => "–",
        < 10 and { } few => few.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
        { } ms => HumanFormat.Latency(TimeSpan.FromMilliseconds(ms)),
    };

    // Of one that is not linked nobody knows what is free.
    private static string FreeOf(PeerReply peer) => peer.Models.Count == 0 || !(peer.Linked || peer.This) ? "–" : $"{peer.FreeSlots}/{peer.Slots}";

    private static string ModelsOf(PeerReply peer, bool wide)
    {
        if (!wide) return peer.Models.Count.ToString(CultureInfo.InvariantCulture);
        if (peer.Models.Count == 0) return "none";
        string shown = string.Join(", ", peer.Models.Take(ModelsShown));
        return peer.Models.Count > ModelsShown ? $"{shown} +{peer.Models.Count - ModelsShown}" : shown;
    }
}
