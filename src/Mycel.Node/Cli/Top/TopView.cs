using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Networks;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Top;

/// <summary>Writes a watched node as a page of text.</summary>
internal static class TopView
{
    private const string Steps = "▁▂▃▄▅▆▇█";
    private const int ChartCells = 60;
    private const int LabelCells = 12;

    /// <summary>Rows that are kept for what serves, below the requests.</summary>
    private const int LeastServingRows = 4;

    /// <summary>Writes the page.</summary>
    /// <param name="state">The node.</param>
    /// <param name="console">Where to; its width counts.</param>
    /// <param name="rows">Rows there are; requests fill what the rest leaves.</param>
    public static void Write(TopState state, CliConsole console, int rows)
    {
        int head = WriteHead(state, console);
        int serving = ServingRows(state);
        int forServing = serving == 0 ? 0 : Math.Min(serving, Math.Max(LeastServingRows, (rows - head) / 2)) + 2;
        WriteRequests(state, console, Math.Max(1, rows - head - forServing - 2));
        if (serving > 0) WriteServing(state, console, forServing - 2);
    }

    private static int WriteHead(TopState state, CliConsole console)
    {
        int rows = 1;
        if (state.Status is not { } status)
        {
            console.Out.WriteLine(state.Problem is null ? "Waiting for the node …" : console.Styled(Printable.Line(state.Problem), TextStyle.Warning));
            return rows;
        }

        string name = Printable.Line(status.Name.Length > 0 ? status.Name : status.NodeId);
        TextStyle look = status.State == "ready" ? TextStyle.Accent : TextStyle.Warning;
        string about = $"up {HumanFormat.Duration(TimeSpan.FromSeconds(Math.Clamp(status.UptimeS, 0, 1e9)))}, mycel {Printable.Line(status.Version)}";
        console.Out.WriteLine($"{console.Styled(name, TextStyle.Bold)} is {console.Styled(Printable.Line(status.State), TextStyle.Bold | look)}, {about}");
        if (state.Problem is { } problem)
        {
            console.Out.WriteLine(console.Styled(Printable.Line(problem), TextStyle.Warning));
            rows++;
        }

        NodeStatusReply.RequestCounts requests = status.Requests;
        Row(console, "Requests", $"{HumanFormat.Count(requests.Active)} running, {HumanFormat.Count(requests.Queued)} waiting; {HumanFormat.Count(requests.Total)} in all, "
            + $"{HumanFormat.Count(requests.Failed)} failed; {HumanFormat.Count(status.Slots.Used)} of {HumanFormat.Of(status.Slots.Total, "slot")} in use");
        Row(console, "Tokens/s", Speed(state.TokensPerSecond).PadLeft(5) + "  " + Chart(state, console.Width - LabelCells - 22));
        Row(console, "First token", state.Load?.TtftMs is { } first ? HumanFormat.Latency(TimeSpan.FromMilliseconds(first)) : "–");
        Row(console, "Tokens", $"{HumanFormat.Count(status.Tokens.Prompt)} read, {HumanFormat.Count(status.Tokens.Completion)} written");
        rows += 4;
        if (state.Load is { } load && (load.Earned != 0 || load.Spent != 0))
        {
            Row(console, "Credits", $"{CreditAmount.Exact(load.Earned)} earned, {CreditAmount.Exact(load.Spent)} spent since the start");
            rows++;
        }

        return rows;
    }

    private static string Chart(TopState state, int room)
    {
        int cells = Math.Clamp(room, 0, ChartCells);
        List<double> rates = [.. state.Rates.TakeLast(cells)];
        if (rates.Count == 0) return "";
        double most = Math.Max(rates.Max(), 1e-9);
        string bars = string.Concat(rates.Select(rate => rate <= 0 ? Steps[0] : Steps[Math.Clamp((int)Math.Ceiling(rate / most * Steps.Length) - 1, 0, Steps.Length - 1)]));
        return $"{bars}  past {HumanFormat.Duration(rates.Count * state.Interval)}";
    }

    private static void WriteRequests(TopState state, CliConsole console, int rows)
    {
        console.Out.WriteLine();
        List<RequestReply> shown = [.. state.Requests.Active, .. state.Requests.Recent];
        if (shown.Count == 0)
        {
            console.Out.WriteLine(console.Styled("No requests so far.", TextStyle.Dim));
            return;
        }

        TextTable table = new TextTable().Add("MODEL", shrinks: true).Add("WHERE", shrinks: true).Add("STATE", shrinks: true).Add("FIRST TOKEN", rightAligned: true)
            .Add("TOKENS", rightAligned: true).Add("TOKENS/S", rightAligned: true).Add("TIME", rightAligned: true);
        foreach (RequestReply request in shown.Take(rows))
        {
            table.AddRow(
                request.Model, request.Route ?? "–", StateOf(request), request.TtftMs is { } first ? HumanFormat.Latency(TimeSpan.FromMilliseconds(first)) : "–",
                request.CompletionTokens is { } tokens ? HumanFormat.Count(tokens) : "–", SpeedOf(request), HumanFormat.Latency(TimeSpan.FromMilliseconds(request.DurationMs)));
        }

        table.Write(console);
    }

    private static TextTable.Cell StateOf(RequestReply request) => request switch
    {
        { State: "queued" } => new("waits", TextStyle.Warning),
        { State: "waiting" } => new("reads", TextStyle.Accent),
        { State: "streaming" } => new("writes", TextStyle.Accent),
        { Status: 499 } => new("cancelled", TextStyle.Dim),
        { Status: 200 } => new("done", TextStyle.Dim),
        _ => new(request.Error ?? string.Create(CultureInfo.InvariantCulture, $"failed, {request.Status}"), TextStyle.Error),
    };

    private static string SpeedOf(RequestReply request) =>
        request is { CompletionTokens: > 1 and { } tokens, TtftMs: { } first } && request.DurationMs - first is > 1 and var rest ? Speed((tokens - 1) * 1_000.0 / rest) : "–";

    private static string Speed(double perSecond) => perSecond < 9.95 ? perSecond.ToString("0.0", CultureInfo.InvariantCulture) : HumanFormat.Count((long)Math.Round(perSecond));

    private static int ServingRows(TopState state) => state.Models.Count(model => model.IsAnnounced) + state.Relays.Count + state.Peers.Count(peer => peer.Linked);

    private static void WriteServing(TopState state, CliConsole console, int rows)
    {
        console.Out.WriteLine();
        TextTable table = new TextTable().Add("SERVED BY", shrinks: true).Add("STATE", shrinks: true).Add("IN USE", rightAligned: true).Add("ANSWERS IN", rightAligned: true).Add("MODELS", rightAligned: true);
        IEnumerable<TextTable.Cell[]> all =
        [
            .. state.Models.Where(model => model.IsAnnounced).Select(RowOf), .. state.Relays.Select(RowOf), .. state.Peers.Where(peer => peer.Linked).Select(peer => RowOf(peer, state.Peers)),
        ];
        foreach (TextTable.Cell[] row in all.Take(rows)) table.AddRow(row);
        table.Write(console);
    }

    private static TextTable.Cell[] RowOf(LocalModelReply model) =>
    [
        model.Name, model.State is "failed" or "quarantined" ? new(model.Error ?? model.State, TextStyle.Error) : new(model.State, model.State == "loaded" ? TextStyle.Accent : TextStyle.Dim),
        model.Slots is { } slots ? $"{model.InFlight}/{slots}" : "–", "–", "this node",
    ];

    private static TextTable.Cell[] RowOf(RelayReply relay) =>
    [
        relay.Name, relay.Online ? new("online", TextStyle.Accent) : new(relay.LastError ?? "offline", TextStyle.Error), $"{relay.InFlight}/{relay.MaxConcurrent}",
        relay.LatencyMs is { } ms ? HumanFormat.Latency(TimeSpan.FromMilliseconds(ms)) : "–", relay.Models.Count.ToString(CultureInfo.InvariantCulture),
    ];

    private static TextTable.Cell[] RowOf(PeerReply peer, IReadOnlyList<PeerReply> all) =>
    [
        PeerTable.NameOf(peer, all), new($"linked, {peer.Carrier}", TextStyle.Accent), peer.Slots > 0 ? $"{Math.Max(0, peer.Slots - peer.FreeSlots)}/{peer.Slots}" : "–",
        peer.RoundTripMs is { } ms ? HumanFormat.Latency(TimeSpan.FromMilliseconds(ms)) : "–", peer.Models.Count.ToString(CultureInfo.InvariantCulture),
    ];

    private static void Row(CliConsole console, string label, string value) =>
        console.Out.WriteLine($"  {console.Styled(label.PadRight(LabelCells), TextStyle.Dim)} {Printable.Line(value)}");
}
