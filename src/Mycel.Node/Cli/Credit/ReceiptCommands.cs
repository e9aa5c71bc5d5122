using System.CommandLine;
using System.Text.Json;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Statements;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Credit;

/// <summary>The commands <c>receipt show</c> and <c>receipt verify</c>; what is in a file needs no node.</summary>
internal static class ReceiptCommands
{
    /// <summary>Makes the group.</summary>
    public static Command Build()
    {
        CliCommand group = new("receipt", "Show and verify receipts, which both sides signed") { Examples = ["mycel receipt show 3f6c0a17…", "mycel receipt show 3f6c0a17… --save receipt.bin", "mycel receipt verify receipt.bin"] };
        group.Subcommands.Add(BuildShow());
        group.Subcommands.Add(BuildVerify());
        return group;
    }

    private static CliCommand BuildShow()
    {
        NodeOptions options = new();
        Argument<string> which = new("ID|FILE") { Description = "The receipt's id, as X-Mycel-Receipt and the history have it, or a file of it" };
        Option<FileInfo?> save = new("--save") { Description = "Write the signed bytes into a file, for others to verify", HelpName = "FILE" };
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("show", "Show a receipt of the node, or in a file") { Examples = ["mycel receipt show 3f6c0a17…", "mycel receipt show receipt.bin"] };
        command.Arguments.Add(which);
        command.Options.Add(save);
        command.Options.Add(json);
        options.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            string named = line.GetRequiredValue(which);
            if (!OrderId.TryParse(named, out OrderId id))
            {
                SettledReceipt settled = Read(named);
                if (line.GetValue(json)) console.Out.WriteLine(ReceiptText.Json(settled));
                else ReceiptText.Write(settled, console);
                return ExitCode.Ok;
            }

            using NodeClient node = options.Connect(line);
            JsonElement reply = await node.GetAsync($"v1/receipts/{id}", cancel);
            ReceiptReply receipt = node.Read(reply, ClientJson.Default.ReceiptReply);
            byte[] signed = Convert.FromBase64String(receipt.Signed ?? "");
            if (line.GetValue(save) is { } file) await File.WriteAllBytesAsync(file.FullName, signed, cancel);
            if (line.GetValue(json)) console.Out.WriteLine(ClientJson.Format(reply));
            else
            {
                ReceiptText.Write(SettledReceipt.Parse(signed), console);
                ReceiptText.WriteState(receipt, console);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static CliCommand BuildVerify()
    {
        Argument<string> file = new("FILE") { Description = "A receipt's signed bytes, as receipt show --save writes them" };
        CliCommand command = new("verify", "Check a receipt's signatures, certificates and sums, offline and without a node") { Examples = ["mycel receipt verify receipt.bin"] };
        command.Arguments.Add(file);
        command.Runs((line, console, _) =>
        {
            SettledReceipt settled = Read(line.GetRequiredValue(file));
            try
            {
                settled.Verify();
            }
            catch (StatementException invalid)
            {
                console.WriteError($"the receipt does not hold: {invalid.Message}");
                return Task.FromResult(ExitCode.Failed);
            }

            ReceiptText.Write(settled, console);
            console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} All three signatures, both certificates and the amount hold. That the network's ledger has it, only the ledger tells.", hanging: 2);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static SettledReceipt Read(string path)
    {
        try
        {
            FileInfo file = new(path);
            if (file.Exists && file.Length > SettledReceipt.MaxBytes) throw new NodeClientException($"{path} is too large to be a receipt.");
            return SettledReceipt.Parse(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NodeClientException($"{path} is neither a receipt's id (32 hexadecimal digits) nor a file that can be read: {error.Message}", inner: error);
        }
        catch (StatementException damaged)
        {
            throw new NodeClientException($"{path} is no receipt: {damaged.Message}", inner: damaged);
        }
    }
}
