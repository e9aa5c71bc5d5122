using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>The commands <c>dht status</c> and <c>peers find</c>.</summary>
internal static class DhtCommands
{
    private const int LabelCells = 14;

    /// <summary>Makes <c>dht</c>.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand status = new("status", "Show the node's part in the table of peers: buckets, the size of the network, records, lookups") { Examples = ["mycel dht status", "mycel dht status --json"] };
        status.Options.Add(json);
        options.AddWithFleetTo(status);
        status.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync("v1/node/dht", cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else Show(node.Read(reply, ClientJson.Default.TableReply), console);
            return ExitCode.Ok;
        });
        CliCommand group = new("dht", "Look into the table by which nodes and models of public networks are found") { Examples = ["mycel dht status"] };
        group.Subcommands.Add(status);
        return group;
    }

    /// <summary>Makes <c>peers find</c>.</summary>
    public static Command BuildFind()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        Argument<string> model = new("MODEL") { Description = "Name of the model" };
        Option<string?> network = new("--network") { Description = "Network to look in, by name or id (default: all)", HelpName = "NETWORK" };
        network.CompletionSources.Add(context => NodeCompletions.Networks(() => options.Connect(context.ParseResult)));
        CliCommand command = new("find", "Look up which nodes have a model, also nodes that nobody linked knows of; exit code 1 where there are none")
        {
            Examples = ["mycel peers find qwen3:8b", "mycel peers find qwen3:8b --network friends --json"],
        };
        command.Arguments.Add(model);
        command.Options.Add(network);
        command.Options.Add(json);
        options.AddWithFleetTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            string name = line.GetValue(model)!;
            string query = $"v1/node/peers/find?model={Uri.EscapeDataString(name)}{(line.GetValue(network) is { } within ? "&network=" + Uri.EscapeDataString(within) : "")}";
            JsonElement reply = await node.GetAsync(query, cancel);
            FoundReply found = node.Read(reply, ClientJson.Default.FoundReply);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else ShowFound(name, found, console);
            return found.Providers.Count > 0 ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static void Show(TableReply table, CliConsole console)
    {
        if (!table.Running)
        {
            console.WriteLine($"The node takes no part in the table of peers: {Printable.Line(table.Problem)}.");
            return;
        }

        Row("Carried by", table.Port == 0 ? "links only" : $"links, and UDP port {table.Port.ToString(CultureInfo.InvariantCulture)}{(table.Passive ? "; others cannot ask this node" : "")}");
        Row("Nodes", $"{HumanFormat.Count(table.Contacts)} known, {HumanFormat.Count(table.Waiting)} waiting; about {HumanFormat.Count((long)Math.Round(table.EstimatedNodes))} in all");
        Row("Records", $"{HumanFormat.Count(table.Records)} stored, {HumanFormat.Count(table.Published)} of this node kept published");
        Row("Lookups", $"{HumanFormat.Count(table.Lookups.Started)} so far, {HumanFormat.Count(table.Lookups.Running)} under way; of records {HumanFormat.Count(table.Lookups.Found)} found, {HumanFormat.Count(table.Lookups.Empty)} empty");
        if (table.Questions is { } questions)
            Row("Questions", $"{HumanFormat.Count(questions.Sent)} asked, {HumanFormat.Count(questions.Unanswered)} unanswered; {HumanFormat.Count(questions.Received)} of others, {HumanFormat.Count(questions.Limited)} of them too many");
        if (table.Buckets.Count == 0) return;
        console.Out.WriteLine();
        TextTable buckets = new TextTable().Add("SHARED BITS", rightAligned: true).Add("NODES", rightAligned: true).Add("WAITING", rightAligned: true);
        foreach (TableReply.Bucket bucket in table.Buckets)
            buckets.AddRow(bucket.Prefix.ToString(CultureInfo.InvariantCulture), bucket.Contacts.ToString(CultureInfo.InvariantCulture), bucket.Waiting.ToString(CultureInfo.InvariantCulture));
        buckets.Write(console);

        void Row(string label, string text) => console.WriteLine($"{label.PadRight(LabelCells)}{text}", hanging: LabelCells);
    }

    private static void ShowFound(string model, FoundReply found, CliConsole console)
    {
        string asked = found.TableAsked
            ? $"The table of peers was asked: {HumanFormat.Of(found.Questions, "question")}, {HumanFormat.Latency(TimeSpan.FromMilliseconds(found.TookMs))}."
            : $"The table of peers was not asked: {Printable.Line(found.Problem)}.";
        if (found.Providers.Count == 0)
        {
            console.WriteLine($"No node is known to have {Printable.Line(model)}. {asked}");
            return;
        }

        TextTable table = new TextTable().Add("NODE", shrinks: true).Add("NETWORK", shrinks: true).Add("LINK").Add("KNOWN BY").Add("ADDRESSES", shrinks: true);
        foreach (FoundReply.Provider provider in found.Providers)
        {
            TextTable.Cell link = provider.Linked ? new("linked", TextStyle.Accent) : new("not linked", TextStyle.Dim);
            table.AddRow(provider.Name ?? NetworkText.Id(provider.Id), provider.Network, link, provider.Source == "table" ? "the table" : "its record", string.Join(", ", provider.Addresses));
        }

        table.Write(console);
        console.Out.WriteLine();
        console.WriteLine(asked + (found.Providers.Any(provider => provider.Linked) ? "" : " A request for the model links with one of these nodes."));
    }
}
