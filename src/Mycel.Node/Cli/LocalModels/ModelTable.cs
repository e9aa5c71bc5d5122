using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Shows local models as a table.</summary>
internal static class ModelTable
{
    /// <summary>Writes the table, and below it what went wrong and what is left of interrupted downloads.</summary>
    public static void Write(IReadOnlyList<LocalModelReply> models, IReadOnlyList<PullStateReply> pulls, CliConsole console)
    {
        if (models.Count > 0) Table(models).Write(console);
        List<string> notes =
        [
            .. models.Where(model => !string.IsNullOrEmpty(model.Error)).Select(model => $"{console.Styled("!", TextStyle.Error)} {Printable.Line(model.Name)}: {Printable.Line(model.Error)}"),
            .. pulls.Where(pull => pull.State is "interrupted" or "cancelled" or "failed" && pull.ReceivedBytes > 0).Select(pull =>
                $"{console.Styled("!", TextStyle.Warning)} {Printable.Line(pull.Name)}: {PullDisplay.Amount(pull)} of an interrupted download. "
                + $"Go on with: mycel models pull {Printable.Line(pull.Source)}{(pull.Source.StartsWith("hf:", StringComparison.Ordinal) ? "" : " --sha256 HEX")}"),
        ];
        if (notes.Count > 0 && models.Count > 0) console.Out.WriteLine();
        foreach (string note in notes) console.WriteLine(note, hanging: 2);
    }

    /// <summary>A number of tokens: <c>512</c>, <c>8k</c>.</summary>
    public static string Tokens(int tokens) => tokens >= 1024 && tokens % 1024 == 0
        ? (tokens / 1024).ToString(CultureInfo.InvariantCulture) + "k" : tokens.ToString(CultureInfo.InvariantCulture);

    private static TextTable Table(IReadOnlyList<LocalModelReply> models)
    {
        TextTable table = new TextTable()
            .Add("NAME", shrinks: true)
            .Add("STATE")
            .Add("SIZE", rightAligned: true)
            .Add("PARAMS", rightAligned: true)
            .Add("QUANT")
            .Add("CONTEXT", rightAligned: true)
            .Add("TIER")
            .Add("MEMORY", rightAligned: true)
            .Add("TAGS", shrinks: true);
        foreach (LocalModelReply model in models)
        {
            table.AddRow(
                model.Name, StateOf(model), Bytes(model.FileBytes), model.Parameters is { } count ? HumanFormat.Count(count) : "–", model.Quantization ?? "–", ContextOf(model),
                model.Tier ?? "–", MemoryOf(model), string.Join(", ", model.Tags));
        }

        return table;
    }

    private static TextTable.Cell StateOf(LocalModelReply model) => model.State switch
    {
        "loaded" => new(model.InFlight > 0 ? $"loaded, busy {model.InFlight}" : "loaded", TextStyle.Accent),
        "loading" => new(string.Create(CultureInfo.InvariantCulture, $"loading {Math.Floor(model.Progress * 100)} %"), TextStyle.Warning),
        "pulling" => new(model.Pull is { TotalBytes: > 0 and { } total } pull ? string.Create(CultureInfo.InvariantCulture, $"pulling {100 * pull.ReceivedBytes / total} %") : "pulling", TextStyle.Warning),
        "failed" or "quarantined" => new(model.State, TextStyle.Error),
        "available" => new(model.State, TextStyle.Dim),
        _ => new(model.State),
    };

    /// <summary>What a request may use, and how many at once; of one that is not announced what it was trained for.</summary>
    private static string ContextOf(LocalModelReply model)
    {
        if ((model.Context ?? model.ContextTrain) is not { } tokens) return "–";
        return model is { Context: not null, Slots: > 1 and { } slots } ? string.Create(CultureInfo.InvariantCulture, $"{Tokens(tokens)} × {slots}") : Tokens(tokens);
    }

    private static string MemoryOf(LocalModelReply model) =>
        model.ProcessBytes is { } measured ? HumanFormat.Bytes(measured) : model.EstimatedBytes is { } estimated ? "~" + HumanFormat.Bytes(estimated) : "–";

    private static string Bytes(long? bytes) => bytes is { } count ? HumanFormat.Bytes(count) : "–";
}
