using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Spectre.Console;

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
        Table table = new Table { Border = TableBorder.None, ShowHeaders = true }.AddColumn(Column("NAME", true)).AddColumn(Column("URL", !wide));
        table.AddColumn(Column("STATE", true)).AddColumn(Column("MODELS", !wide)).AddColumn(Column("BUSY", true).RightAligned());
        table.AddColumn(Column("LATENCY", true).RightAligned());
        foreach (RelayReply relay in relays)
        {
            (string state, Color colour) = StateOf(relay);
            table.AddRow(
                Cell(relay.Name),
                Cell(relay.Url),
                new Text(state, new Style(colour)),
                Cell(ModelsOf(relay, wide)),
                Cell($"{relay.InFlight}/{relay.MaxConcurrent}"),
                Cell(relay.LatencyMs is { } ms ? HumanFormat.Latency(TimeSpan.FromMilliseconds(ms)) : "–"));
        }

        console.WriteTable(table);
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

    private static (string State, Color Colour) StateOf(RelayReply relay) => relay switch
    {
        { Online: false } => ("offline", Color.Red),
        { Healthy: false } => ("failing", Color.Yellow),
        _ => ("online", Color.Green),
    };

    private static string ModelsOf(RelayReply relay, bool wide)
    {
        if (!wide || relay.Models.Count == 0) return relay.Models.Count.ToString(CultureInfo.InvariantCulture);
        string shown = string.Join(", ", relay.Models.Take(ModelsShown));
        return relay.Models.Count > ModelsShown ? $"{shown} +{relay.Models.Count - ModelsShown}" : shown;
    }

    private static TableColumn Column(string title, bool noWrap)
    {
        TableColumn column = new TableColumn(new Text(title, new Style(decoration: Decoration.Dim))).PadLeft(0).PadRight(2);
        return noWrap ? column.NoWrap() : column;
    }

    private static Text Cell(string text) => new(Printable.Line(text)) { Overflow = Overflow.Ellipsis };
}
