using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>What the <c>network</c> commands do.</summary>
internal sealed class NetworkWork(NodeClient node, CliConsole console)
{
    private const string Route = "v1/node/networks";
    private const string ClearingRoute = "v1/node/clearing";

    /// <summary>Founds a network.</summary>
    public async Task<int> CreateAsync(string name, bool isPublic, bool json, CancellationToken cancel)
    {
        string request = JsonSerializer.Serialize(new NetworkCreateRequest(name, isPublic ? true : null), ClientJson.Default.NetworkCreateRequest);
        JsonElement reply = await node.PostAsync(Route, request, cancel);
        if (json) return Print(reply);
        NetworkReply network = node.Read(reply, ClientJson.Default.NetworkReply);
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Founded the {(network.Public ? "public " : "")}network {Printable.Line(network.Name)}. This node's models are shared with its members (sharing.default).");
        console.WriteLine($"  Invite somebody: {console.Styled("mycel invite create", TextStyle.Bold)}");
        return ExitCode.Ok;
    }

    /// <summary>Shows the networks.</summary>
    public async Task<int> ListAsync(bool json, CancellationToken cancel)
    {
        JsonElement reply = await node.GetAsync(Route, cancel);
        if (json) return Print(reply);
        NetworkListReply list = node.Read(reply, ClientJson.Default.NetworkListReply);
        if (list.Networks.Count == 0)
        {
            console.WriteLine("This node belongs to no network yet. Found one with: mycel network create NAME. Or join a friend's with: mycel join TOKEN");
            return ExitCode.Ok;
        }

        TextTable table = new TextTable().Add("NAME", shrinks: true).Add("ID").Add("ROLE").Add("NODES", rightAligned: true).Add("MODELS", shrinks: true).Add("UNTIL");
        foreach (NetworkReply network in list.Networks)
        {
            table.AddRow(
                network.Name, NetworkText.Id(network.Id), RoleOf(network), $"{network.PeersLinked}/{network.PeersKnown}", NetworkText.Models(network.Models),
                network.ExpiresAt is { } end ? NetworkText.Moment(end) : "–");
        }

        table.Write(console);
        return ExitCode.Ok;
    }

    /// <summary>Shows one network.</summary>
    public async Task<int> ShowAsync(string name, bool json, CancellationToken cancel)
    {
        JsonElement reply = await node.GetAsync($"{Route}/{Uri.EscapeDataString(name)}", cancel);
        if (json) return Print(reply);
        NetworkReply network = node.Read(reply, ClientJson.Default.NetworkReply);
        console.WriteLine($"{console.Styled(Printable.Line(network.Name), TextStyle.Bold)}{(network.Public ? ", open to newcomers" : "")}");
        Row("Id", network.Id);
        Row("Role", network.IsRoot ? "root: it belongs to this node's account" : network.MayInvite ? "member, may invite others" : "member");
        Row("Nodes", $"{network.PeersLinked} linked of {network.PeersKnown} known");
        if (!network.IsRoot)
        {
            Row("Models", NetworkText.Models(network.Models));
            Row("Credit", NetworkText.Credits(network.CreditLine));
            Row("Member", $"{(network.MemberSince is { } since ? $"since {NetworkText.Moment(since)}" : "")}{(network.ExpiresAt is { } end ? $", until {NetworkText.Moment(end)}" : "")}");
        }

        if (network.Clearing is { } clearing) Row("Ledger", LedgerOf(clearing));
        WriteMembers(network);
        return ExitCode.Ok;
    }

    /// <summary>Lets another node keep the ledger.</summary>
    public async Task<int> AppointAsync(AppointRequest request, bool json, CancellationToken cancel)
    {
        JsonElement reply = await node.PostAsync(ClearingRoute, JsonSerializer.Serialize(request, ClientJson.Default.AppointRequest), cancel);
        if (json) return Print(reply);
        ClearingNodeReply appointed = node.Read(reply, ClientJson.Default.ClearingNodeReply);
        string until = appointed.ExpiresAt is { } end ? $" until {NetworkText.Moment(end)}" : "";
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} {NameOf(appointed)} may keep the ledger of {Printable.Line(appointed.Network ?? "the network")}{until}. It begins as soon as it hears of it.");
        console.WriteLine("  All nodes that keep it need the same PostgreSQL (ledger.postgres), unless it is the only one: two ledgers of one network contradict each other.");
        return ExitCode.Ok;
    }

    /// <summary>Takes an appointment back.</summary>
    public async Task<int> DismissAsync(string other, string? network, CancellationToken cancel)
    {
        string query = network is null ? "" : $"?network={Uri.EscapeDataString(network)}";
        JsonElement reply = await node.SendForJsonAsync(HttpMethod.Delete, $"{ClearingRoute}/{Uri.EscapeDataString(other)}{query}", null, cancel);
        ClearingNodeReply dismissed = node.Read(reply, ClientJson.Default.ClearingNodeReply);
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} {NameOf(dismissed)} keeps the ledger of {Printable.Line(dismissed.Network ?? "the network")} no more. Whoever hears of it believes its standings no more.");
        return ExitCode.Ok;
    }

    /// <summary>Leaves a network.</summary>
    public async Task<int> LeaveAsync(string name, CancellationToken cancel)
    {
        JsonElement reply = await node.SendForJsonAsync(HttpMethod.Delete, $"{Route}/{Uri.EscapeDataString(name)}", null, cancel);
        string left = node.Read(reply, ClientJson.Default.NetworkReply).Name;
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Left {Printable.Line(left)}. To come back, this node needs a new invite, unless the network is its account's own.");
        return ExitCode.Ok;
    }

    private static string NameOf(ClearingNodeReply node) => node.Name.Length > 0 ? Printable.Line(node.Name) : NetworkText.Id(node.Id);

    private static string LedgerOf(IReadOnlyList<ClearingNodeReply> clearing)
    {
        if (clearing.Count == 0) return "no node that keeps it is known now";
        return string.Join(", ", clearing.Select(node =>
        {
            string[] about = [.. new[]
            {
                node.IsRoot ? "root" : "appointed",
                node.ExpiresAt is { } end ? $"until {NetworkText.Moment(end)}" : null,
                node.This || node.Linked ? null : "not linked",
                node.Clears ? null : "not keeping it now",
            }.OfType<string>()];
            return $"{(node.This ? "this node" : NameOf(node))} ({string.Join(", ", about)})";
        }));
    }

    private static string RoleOf(NetworkReply network) => network.IsRoot ? "root" : network.MayInvite ? "member, invites" : "member";

    private void WriteMembers(NetworkReply network)
    {
        if (network.Members is not { Count: > 0 } members) return;
        console.Out.WriteLine();
        TextTable table = new TextTable().Add("NODE", shrinks: true).Add("ACCOUNT").Add("STATE").Add("MEMBER SINCE");
        foreach (NetworkReply.Member member in members)
        {
            string whose = member.This || member.Own ? "yours" : NetworkText.Id(member.Account);
            TextTable.Cell state = member.This ? new("this node", TextStyle.Accent)
                : member.Linked ? new("linked", TextStyle.Accent)
                : member.LastSeen is { } seen ? new($"seen {NetworkText.Moment(seen)}", TextStyle.Dim) : new("not seen yet", TextStyle.Dim);
            table.AddRow(member.Name, member.IsRoot ? $"{whose}, root" : whose, state, member.Since is { } since ? NetworkText.Moment(since) : "–");
        }

        table.Write(console);
    }

    private void Row(string label, string value) => console.Out.WriteLine($"  {console.Styled(label.PadRight(9), TextStyle.Dim)} {Printable.Line(value)}");

    private int Print(JsonElement reply)
    {
        console.Out.WriteLine(ClientJson.Format(reply));
        return ExitCode.Ok;
    }
}
