using System.CommandLine;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Credit;

/// <summary>The command <c>ledger verify</c>.</summary>
internal static class LedgerCommands
{
    /// <summary>Makes the group.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<bool> json = CliCommand.JsonOption();
        CliCommand verify = new("verify", "Re-check every signature, chain and sum of the node's books; exit code 1 where something is wrong") { Examples = ["mycel ledger verify"] };
        verify.Options.Add(json);
        options.AddWithFleetTo(verify);
        verify.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync("v1/node/ledger/verify", cancel);
            LedgerCheckReply found = node.Read(reply, ClientJson.Default.LedgerCheckReply);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else Show(found, console);
            return found.Whole ? ExitCode.Ok : ExitCode.Failed;
        });
        CliCommand group = new("ledger", "Check the books of credit") { Examples = ["mycel ledger verify"] };
        group.Subcommands.Add(verify);
        return group;
    }

    private static void Show(LedgerCheckReply found, CliConsole console)
    {
        if (found.Books.Count == 0) console.WriteLine("There are no books yet: the node belongs to no network.");
        foreach (LedgerCheckReply.Book book in found.Books)
        {
            string what = book.Kind == "ledger" ? $"The ledger of {Printable.Line(book.Network)}" : $"This node's receipts in {Printable.Line(book.Network)}";
            if (book.Problem is null)
            {
                string held = book.Kind == "ledger" ? "every signature, the chain and the sum of 0 hold" : "every signature holds";
                console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} {what}: {HumanFormat.Of(book.Entries, book.Kind == "ledger" ? "transfer" : "receipt")}, {held}.", hanging: 2);
                continue;
            }

            string where = book.BadEntry is { } entry ? $" The first bad entry is number {entry}." : book.BadReceipt is { } receipt ? $" The first bad receipt is {Printable.Line(receipt)}." : "";
            console.WriteLine($"{console.Styled("!", TextStyle.Error)} {what}: {Printable.Line(book.Problem, 500)}{where} Restore the database from a backup.", hanging: 2);
        }
    }
}
