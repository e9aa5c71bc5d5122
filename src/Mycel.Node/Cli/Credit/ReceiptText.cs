using System.Globalization;
using System.Text;
using System.Text.Json;
using Mycel.Ledger.Statements;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Credit;

/// <summary>Shows one receipt.</summary>
internal static class ReceiptText
{
    private const int LabelWidth = 10;

    /// <summary>Writes what a receipt says.</summary>
    public static void Write(SettledReceipt settled, CliConsole console)
    {
        Order order = settled.Order;
        Row("Receipt", settled.Id.ToString());
        Row("Network", order.Network.ToString());
        Row("Payer", $"{order.Payer} (device {order.PayerDevice})");
        Row("Provider", $"{order.Provider} (device {order.ProviderDevice})");
        Row("Model", order.Model);
        Row("Prices", $"{CreditAmount.Exact(order.Prices.Prompt)} and {CreditAmount.Exact(order.Prices.Completion)} credits for a million tokens of the prompt and of the answer");
        Row("Ordered", $"{CreditTables.Time(order.IssuedAt)}, for at most {CreditAmount.Exact(order.MaxAmount)} credits");
        if (settled.Receipt is { } receipt)
            Row("Claimed", $"{CreditAmount.Exact(receipt.Amount)} credits for {receipt.PromptTokens}+{receipt.CompletionTokens} tokens, {CreditTables.Time(receipt.FinishedAt)}{(receipt.FinishReason.Length > 0 ? $" ({receipt.FinishReason})" : "")}");
        if (settled.Countersignature is { } agreed) Row("Agreed", $"{CreditAmount.Exact(agreed.Amount)} credits for {agreed.PromptTokens}+{agreed.CompletionTokens} tokens");
        else Row("Agreed", "not countersigned by the payer");

        void Row(string label, string text) => console.WriteLine($"{console.Styled(label.PadRight(LabelWidth), TextStyle.Dim)} {Printable.Line(text, 500)}", hanging: LabelWidth + 1);
    }

    /// <summary>Writes how far it has come.</summary>
    public static void WriteState(ReceiptReply receipt, CliConsole console)
    {
        string entry = receipt.Entry is { } number ? $", entry {number.ToString(CultureInfo.InvariantCulture)} of the network's ledger" : "";
        string reason = receipt.Reason is { Length: > 0 } why ? $": {Printable.Line(why, 500)}" : "";
        console.WriteLine($"{console.Styled("State".PadRight(LabelWidth), TextStyle.Dim)} {receipt.Side}, {receipt.State}{entry}{reason}", hanging: LabelWidth + 1);
    }

    /// <summary>The same for scripts.</summary>
    public static string Json(SettledReceipt settled)
    {
        Order order = settled.Order;
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("id", settled.Id.ToString());
            json.WriteString("network", order.Network.ToString());
            json.WriteString("payer", order.Payer.ToString());
            json.WriteString("provider", order.Provider.ToString());
            json.WriteString("model", order.Model);
            json.WriteNumber("prompt_price", order.Prices.Prompt);
            json.WriteNumber("completion_price", order.Prices.Completion);
            json.WriteNumber("max_amount", order.MaxAmount);
            if (settled.Receipt is { } receipt) json.WriteNumber("claimed", receipt.Amount);
            if (settled.Countersignature is { } agreed)
            {
                json.WriteNumber("prompt_tokens", agreed.PromptTokens);
                json.WriteNumber("completion_tokens", agreed.CompletionTokens);
                json.WriteNumber("amount", agreed.Amount);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
