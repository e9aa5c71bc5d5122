using System.Text.Json;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Cli;

/// <summary>The settings in force in a node that is asked for them.</summary>
internal static class NodeConfig
{
    /// <summary>Asks the node that the command line means, and shows its answer.</summary>
    public static async Task<int> ShowAsync(LocalRun run, NodeOptions options, CancellationToken cancel)
    {
        using NodeClient node = options.Connect(run.Line);
        JsonElement reply = await node.GetAsync("v1/node/config", cancel);
        if (run.IsJson)
        {
            run.Out.WriteLine(ClientJson.Format(reply));
            return ExitCode.Ok;
        }

        ConfigReply config = node.Read(reply, ClientJson.Default.ConfigReply);
        run.Out.WriteLine(config.File is null ? "No configuration file." : $"Configuration file: {config.File}");
        run.Out.WriteLine();
        run.WriteTable(["KEY", "VALUE", "SOURCE"], config.Values.Select(value => (string[])[value.Key, TextOf(value.Value), SourceOf(value)]));
        return ExitCode.Ok;
    }

    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => value.GetArrayLength() == 0 ? "none" : string.Join(", ", value.EnumerateArray().Select(TextOf)),
        JsonValueKind.Null or JsonValueKind.Undefined => "none",
        _ => value.GetRawText(),
    };

    private static string SourceOf(ConfigReply.ConfigValue value) => value switch
    {
        { Source: "file", Line: { } line } => $"file, line {line}",
        { Name: { } name, Source: "flag" or "env" } => $"{value.Source} {name}",
        _ => value.Source,
    };
}
