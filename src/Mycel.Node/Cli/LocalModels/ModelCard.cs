using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Shows one local model.</summary>
internal static class ModelCard
{
    private const int TemplateLines = 12;

    /// <summary>Writes what is known of it.</summary>
    public static void Write(LocalModelReply model, CliConsole console)
    {
        console.Out.WriteLine($"{console.Styled(Printable.Line(model.Name), TextStyle.Bold)} is {Printable.Line(model.State)}{Where(model)}");
        Row(console, "File", $"{model.Path}{(model.FileBytes is { } bytes ? $" ({HumanFormat.Bytes(bytes)})" : "")}");
        Row(console, "From", model.PulledFrom);
        Row(console, "SHA-256", model.Sha256);
        Row(console, "Model", Join(", ", model.Architecture, model.Parameters is { } count ? HumanFormat.Count(count) + " parameters" : null, model.Quantization, model.Embedding ? "embeds texts" : null));
        Row(console, "Tier", model.Tier);
        Row(console, "Tags", model.Tags.Count > 0 ? string.Join(", ", model.Tags) : null);
        Row(console, "Context", ContextOf(model));
        Row(console, "Speed", model.TokensPerSecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{rate:0.#} tokens/s since it was loaded") : null);
        Row(console, "Memory", model.ProcessBytes is { } measured ? HumanFormat.Bytes(measured) + " in use" : null);
        if (model.Memory is { } memory) WriteMemory(memory, console);
        if (model.Restarts > 0) Row(console, "Restarts", HumanFormat.Count(model.Restarts));
        if (!string.IsNullOrEmpty(model.Error)) console.WriteLine($"  {console.Styled("!", TextStyle.Error)} {Printable.Line(model.Error, 2_000)}", hanging: 4);
        if (!string.IsNullOrEmpty(model.ChatTemplate)) WriteTemplate(model.ChatTemplate, console);
    }

    private static string Where(LocalModelReply model) =>
        model.Device is { } device ? $" on {Printable.Line(device)}{(model.Threads is { } threads ? $" with {HumanFormat.Of(threads, "thread")}" : "")}" : "";

    private static string? ContextOf(LocalModelReply model)
    {
        string? trained = model.ContextTrain is { } tokens ? $"{ModelTable.Tokens(tokens)} tokens trained" : null;
        string? used = model.Context is { } context ? $"{ModelTable.Tokens(context)} for a request" : null;
        string? slots = model.Slots is { } count ? $"{HumanFormat.Of(count, "request")} at once" : null;
        return Join("; ", trained, used, slots);
    }

    private static void WriteMemory(ModelMemory memory, CliConsole console)
    {
        string plan = $"{HumanFormat.Bytes(memory.TotalBytes)} for {HumanFormat.Of(memory.Slots, "request")} of {ModelTable.Tokens(memory.Context)} tokens: weights {HumanFormat.Bytes(memory.WeightBytes)}, "
            + $"context {HumanFormat.Bytes(memory.CacheBytes)}, working memory {HumanFormat.Bytes(memory.ComputeBytes + memory.OutputBytes)}";
        Row(console, "Plan", plan);
        Row(console, "", $"{(memory.Fits ? "fits" : "does not fit")}: {HumanFormat.Bytes(memory.BudgetBytes)} for models now");
    }

    private static void WriteTemplate(string template, CliConsole console)
    {
        console.Out.WriteLine();
        console.Out.WriteLine(console.Styled("  Chat template", TextStyle.Dim));
        string[] lines = Printable.Block(template).Split('\n');
        foreach (string line in lines.Take(TemplateLines)) console.WriteLine("    " + line, hanging: 4);
        if (lines.Length > TemplateLines) console.Out.WriteLine($"    … and {lines.Length - TemplateLines} more lines; --json has them");
    }

    private static void Row(CliConsole console, string label, string? value)
    {
        if (!string.IsNullOrEmpty(value)) console.WriteLine($"  {console.Styled(label.PadRight(9), TextStyle.Dim)} {Printable.Line(value, 2_000)}", hanging: 12);
    }

    private static string? Join(string separator, params ReadOnlySpan<string?> parts) =>
        string.Join(separator, parts.ToArray().Where(part => !string.IsNullOrEmpty(part))) is { Length: > 0 } text ? text : null;
}
