using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>What the <c>invite</c> commands do.</summary>
internal sealed class InviteWork(NodeClient node, CliConsole console)
{
    private const string Route = "v1/node/invites";

    /// <summary>Makes an invite. A pipe or file gets the token alone; a person also how it is used.</summary>
    public async Task<int> CreateAsync(InviteCreateRequest request, bool qr, bool json, CancellationToken cancel)
    {
        JsonElement reply = await node.PostAsync(Route, JsonSerializer.Serialize(request, ClientJson.Default.InviteCreateRequest), cancel);
        if (json)
        {
            console.Out.WriteLine(ClientJson.Format(reply));
            return ExitCode.Ok;
        }

        InviteReply invite = node.Read(reply, ClientJson.Default.InviteReply);
        string token = invite.Token ?? throw new NodeClientException($"{node.Address.Display} made an invite and did not say its text.");
        if (!console.OutputIsTerminal)
        {
            console.Out.WriteLine(token);
            return ExitCode.Ok;
        }

        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} An invite to {Printable.Line(invite.Network)}: {HumanFormat.Of(invite.Uses, "use")}, until {NetworkText.Moment(invite.ExpiresAt)}, {TermsOf(invite.Terms)}.");
        console.WriteLine("  Whoever has it may use it, so hand it over in private. The guest runs:");
        console.Out.WriteLine();
        // Not wrapped here: what a terminal wraps is copied in one piece.
        console.Out.WriteLine($"{console.Styled("mycel join", TextStyle.Bold)} {token}");
        console.Out.WriteLine();
        if (qr) InviteQr.Write(token, console, isAskedFor: false);
        console.WriteLine(console.Styled($"Take it back with: mycel invite revoke {NetworkText.Id(invite.Id)}", TextStyle.Dim));
        return ExitCode.Ok;
    }

    /// <summary>Shows the invites.</summary>
    public async Task<int> ListAsync(bool json, CancellationToken cancel)
    {
        JsonElement reply = await node.GetAsync(Route, cancel);
        if (json)
        {
            console.Out.WriteLine(ClientJson.Format(reply));
            return ExitCode.Ok;
        }

        InviteListReply list = node.Read(reply, ClientJson.Default.InviteListReply);
        if (list.Invites.Count == 0)
        {
            console.WriteLine("No invites yet. Make one with: mycel invite create");
            return ExitCode.Ok;
        }

        TextTable table = new TextTable().Add("ID").Add("LABEL", shrinks: true).Add("NETWORK", shrinks: true).Add("STATE").Add("USED", rightAligned: true).Add("UNTIL").Add("MODELS", shrinks: true);
        foreach (InviteReply invite in list.Invites)
        {
            table.AddRow(
                NetworkText.Id(invite.Id), invite.Label.Length > 0 ? invite.Label : "–", invite.Network, StateOf(invite.State), $"{invite.Used}/{invite.Uses}",
                NetworkText.Moment(invite.ExpiresAt), NetworkText.Models(invite.Terms.Models));
        }

        table.Write(console);
        return ExitCode.Ok;
    }

    /// <summary>Takes an invite back.</summary>
    public async Task<int> RevokeAsync(string id, CancellationToken cancel)
    {
        JsonElement reply = await node.SendForJsonAsync(HttpMethod.Delete, $"{Route}/{Uri.EscapeDataString(id)}", null, cancel);
        InviteReply invite = node.Read(reply, ClientJson.Default.InviteReply);
        string label = invite.Label.Length > 0 ? $" ({Printable.Line(invite.Label)})" : "";
        string admitted = invite.Used == 0 ? "It has admitted nobody." : $"The {invite.Used} it admitted stay{(invite.Used == 1 ? "s" : "")}.";
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Revoked the invite {NetworkText.Id(invite.Id)}{label} to {Printable.Line(invite.Network)}. {admitted}");
        return ExitCode.Ok;
    }

    private static string TermsOf(InviteReply.InviteTerms terms)
    {
        string models = terms.Models is null ? "for all models" : $"for {NetworkText.Models(terms.Models)}";
        string credit = terms.CreditLine > 0 ? $", up to {NetworkText.Credits(terms.CreditLine)} credits owed" : ", nothing owed";
        return models + credit + (terms.MayInvite ? ", and the guest may invite others" : "");
    }

    private static TextTable.Cell StateOf(string state) => state switch
    {
        "open" => new(state, TextStyle.Accent),
        "used_up" => new("used up", TextStyle.Dim),
        "revoked" => new(state, TextStyle.Warning),
        _ => new(state, TextStyle.Dim),
    };
}
