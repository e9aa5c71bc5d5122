using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Credit;

/// <summary>Shows credit as people read it.</summary>
internal static class CreditTables
{
    private const int IdShown = 8;

    /// <summary>Writes what an account has and owes.</summary>
    public static void WriteCredits(CreditReply credits, CliConsole console, DateTimeOffset now)
    {
        console.WriteLine(credits.Sentence);
        foreach (CreditReply.NetworkCredit network in credits.Networks)
        {
            console.Out.WriteLine();
            console.WriteLine($"{console.Styled(Printable.Line(network.Name), TextStyle.Bold)}  {console.Styled(LedgerOf(network, now), TextStyle.Dim)}");
            TextTable figures = new TextTable().Add("BALANCE", rightAligned: true).Add("LINE", rightAligned: true).Add("AVAILABLE", rightAligned: true).Add("RESERVED", rightAligned: true)
                .Add("EARNED, PENDING", rightAligned: true).Add("USED, PENDING", rightAligned: true);
            figures.AddRow(
                CreditAmount.Exact(network.Balance), CreditAmount.Exact(network.Line), CreditAmount.Exact(network.Available), CreditAmount.Exact(network.Reserved),
                CreditAmount.Exact(network.EarnedPending), CreditAmount.Exact(network.UsedPending));
            figures.Write(console);
            if (network.Refused) console.WriteLine($"{console.Styled("!", TextStyle.Error)} Fraud of this account was proved: nobody in the network serves it any more.", hanging: 2);
            if (network.Tabs.Count == 0) continue;
            console.Out.WriteLine();
            TextTable tabs = new TextTable().Add("WITH", shrinks: true).Add("ACCOUNT").Add("EARNED", rightAligned: true).Add("USED", rightAligned: true).Add("PENDING", rightAligned: true);
            foreach (CreditReply.Tab tab in network.Tabs)
            {
                tabs.AddRow(
                    tab.Names.Count == 0 ? "–" : string.Join(", ", tab.Names), tab.Account.Length > IdShown ? tab.Account[..IdShown] : tab.Account, CreditAmount.Exact(tab.Earned),
                    CreditAmount.Exact(tab.Used), CreditAmount.Exact(tab.EarnedPending - tab.UsedPending));
            }

            tabs.Write(console);
        }
    }

    /// <summary>Writes receipts.</summary>
    public static void WriteHistory(ReceiptListReply list, CliConsole console)
    {
        if (list.Receipts.Count == 0)
        {
            console.WriteLine("No receipts: nothing was paid and nothing was earned.");
            return;
        }

        TextTable table = new TextTable().Add("WHEN").Add("RECEIPT").Add("WITH", shrinks: true).Add("MODEL", shrinks: true).Add("TOKENS", rightAligned: true).Add("CREDITS", rightAligned: true).Add("STATE");
        foreach (ReceiptReply receipt in list.Receipts)
        {
            long amount = receipt.Side == "paid" ? -receipt.Amount : receipt.Amount;
            table.AddRow(
                Time(receipt.At), receipt.Id, receipt.Name ?? (receipt.Account.Length > IdShown ? receipt.Account[..IdShown] : receipt.Account), receipt.Model,
                $"{HumanFormat.Count(receipt.PromptTokens)}+{HumanFormat.Count(receipt.CompletionTokens)}", (amount > 0 ? "+" : "") + CreditAmount.Exact(amount), StateOf(receipt.State));
        }

        table.Write(console);
        if (list.Next is { } next) console.WriteLine(console.Styled($"Older ones: mycel credits history --before {next}", TextStyle.Dim));
    }

    /// <summary>A moment in the local time.</summary>
    public static string Time(DateTimeOffset at) => at.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static TextTable.Cell StateOf(string state) => state switch
    {
        "posted" => new(state, TextStyle.Accent),
        "refused" => new(state, TextStyle.Error),
        "waiting" => new(state, TextStyle.Warning),
        _ => new(state, TextStyle.Dim),
    };

    private static string LedgerOf(CreditReply.NetworkCredit network, DateTimeOffset now)
    {
        string since = network.StandingAt is { } at ? $"as of {HumanFormat.Duration(now - at)} ago" : "not heard of yet";
        if (network.ClearsHere) return $"ledger kept here, {since}";
        return network.LedgerReached ? $"ledger linked, {since}" : $"ledger out of reach, {since}";
    }
}
