using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Shows which known models suit a machine.</summary>
internal static class RecommendTable
{
    /// <summary>Writes the memory reckoned with, the table, and what to do with it.</summary>
    public static void Write(RecommendedModelsReply reply, CliConsole console)
    {
        console.WriteLine(
            $"{HumanFormat.Bytes(reply.BudgetBytes)} of memory for models ({(reply.Configured ? "engine.memory_mb" : "what is free now")}). NEEDS is for the context and the requests at once beside it.");
        console.Out.WriteLine();
        TextTable table = new TextTable()
            .Add("NAME")
            .Add("FITS")
            .Add("NEEDS", rightAligned: true)
            .Add("CONTEXT", rightAligned: true)
            .Add("SIZE", rightAligned: true)
            .Add("PARAMS", rightAligned: true)
            .Add("QUANT")
            .Add("FOR")
            .Add("TIER")
            .Add("LICENCE", shrinks: true);
        foreach (RecommendedModelsReply.RecommendedModel model in reply.Models)
        {
            table.AddRow(
                model.Name, FitsOf(model), HumanFormat.Bytes(model.NeededBytes),
                string.Create(CultureInfo.InvariantCulture, $"{ModelTable.Tokens(model.Context)} × {model.Slots}"), (model.Exact ? "" : "~") + HumanFormat.Bytes(model.FileBytes),
                HumanFormat.Count(model.Parameters), model.Quantization, model.Purpose, model.Tier ?? "–", model.Licence);
        }

        table.Write(console);
        console.Out.WriteLine();
        RecommendedModelsReply.RecommendedModel? best = reply.Models.FirstOrDefault(model => model.Fits && !model.Pulled);
        if (best is not null) console.WriteLine($"Get one with: mycel models pull {Printable.Line(best.Name)}");
        else if (reply.Models.Any(model => model.Fits)) console.WriteLine("All that fit are here already.");
        else console.WriteLine("None fits. Free some memory, or raise engine.memory_mb.");
    }

    private static TextTable.Cell FitsOf(RecommendedModelsReply.RecommendedModel model) => model switch
    {
        { Pulled: true } => new("pulled", TextStyle.Accent),
        { Fits: true } => new("yes", TextStyle.Accent),
        _ => new("no", TextStyle.Dim),
    };
}
