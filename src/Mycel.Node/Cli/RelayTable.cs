using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli;

/// <summary>Shows relay devices as a table.</summary>
internal static class RelayTable
{
    private const int WideEnoughForModels = 110;
    private const int ModelsShown = 3;

    /// <summary>Writes the table, and the devices' errors below it.</summary>
    public static void Write(IReadOnlyList<RelayReply> relays, CliConsole console)
    {
        bool wide = console.Width >= WideEnoughForModels;
        TextTable table = new TextTable()
            .Add("NAME", shrinks: true)
            .Add("URL", shrinks: true)
            .Add("STATE")
            .Add("MODELS", rightAligned: !wide, shrinks: wide)
            .Add("BUSY", rightAligned: true)
            .Add("LATENCY", rightAligned: true);
        foreach (RelayReply relay in relays)
        {
            string latency = relay.LatencyMs is { } ms ? HumanFormat.Latency(TimeSpan.FromMilliseconds(ms)) : "–";
            table.AddRow(relay.Name, relay.Url, StateOf(relay), ModelsOf(relay, wide), $"{relay.InFlight}/{relay.MaxConcurrent}", latency);
        }

        table.Write(console);
        WriteErrors(relays, console);
    }

    private static void WriteErrors(IReadOnlyList<RelayReply> relays, CliConsole console)
    {
        bool first = true;
        foreach (RelayReply relay in relays.Where(relay => !string.IsNullOrEmpty(relay.LastError) && (!relay.Online || !relay.Healthy)))
        {
            if (first) console.Out.WriteLine();
            first = false;
            console.Out.WriteLine($"{console.Styled("!", TextStyle.Error)} {Printable.Line(relay.Name)}: {Printable.Line(relay.LastError)}");
        }
    }

    private static TextTable.Cell StateOf(RelayReply relay) => relay switch
    {
        { Online: false } => new("offline", TextStyle.Error),
        { Healthy: false } => new("failing", TextStyle.Warning),
        _ => new("online", TextStyle.Accent),
    };

    private static string ModelsOf(RelayReply relay, bool wide)
    {
        if (!wide) return relay.Models.Count.ToString(CultureInfo.InvariantCulture);
        if (relay.Models.Count == 0) return "none";
        string shown = string.Join(", ", relay.Models.Take(ModelsShown));
        return relay.Models.Count > ModelsShown ? $"{shown} +{relay.Models.Count - ModelsShown}" : shown;
    }
}
