using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>What tests ask of nodes that are linked with others.</summary>
internal static class PeerCalls
{
    public const string Network = "friends";

    /// <summary>The most that a link, a greeting and a record may take on a busy machine.</summary>
    public static readonly TimeSpan LinkTime = TimeSpan.FromSeconds(10);

    /// <summary>Variables of a node that links over loopback only.</summary>
    public static Dictionary<string, string> LinkSettings(int port = 0, params (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>
        {
            ["MYCEL_LINKS_HOST"] = "127.0.0.1",
            ["MYCEL_LINKS_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["MYCEL_DHT_PORT"] = "0",
            // What is paid for has tests of its own.
            ["MYCEL_CREDIT_DEFAULT_PRICE"] = "free",
        };
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }

    /// <summary>Starts a node in a folder of its own that may be linked over loopback.</summary>
    public static Task<NodeProcess> StartAsync(params FaultyDevice[] devices) => NodeProcess.StartAsync(new NodeSetup { Devices = devices, Environment = LinkSettings() });

    /// <summary>A node with the account of another, as its owner would set it up.</summary>
    public static async Task<NodeProcess> StartAnotherAsync(this NodeProcess other, TempFolder folder)
        => await NodeProcess.StartAsync(new NodeSetup { DataDir = await other.CopyAccountAsync(folder), Environment = LinkSettings() });

    /// <summary>Makes a data folder with the account of a node, as its owner would; the result is its path.</summary>
    public static async Task<string> CopyAccountAsync(this NodeProcess other, TempFolder folder)
    {
        var export = Path.Combine(folder.Path, "account");
        Assert.Equal(0, (await other.CommandAsync("account", "export", "--plain", export)).ExitCode);
        var data = Path.Combine(folder.Path, "data");
        var import = await MycelCommand.RunAsync(folder.Path, data, ["account", "import", export]);
        Assert.True(import.ExitCode == 0, import.All);
        return data;
    }

    /// <summary>Founds the network of a test.</summary>
    public static async Task<JsonNode> CreateNetworkAsync(this NodeProcess node, string name = Network, bool isPublic = false) =>
        (await node.TellAsync("/v1/node/networks", new { name, @public = isPublic })).MustBe(201).Json;

    /// <summary>Makes an invite; the result is its token.</summary>
    public static async Task<string> InviteAsync(this NodeProcess node, int uses = 10, string? network = null, IReadOnlyList<string>? models = null, bool mayInvite = false, int? expiresSeconds = null)
    {
        var body = new JsonObject { ["uses"] = uses, ["may_invite"] = mayInvite };
        if (network is not null) body["network"] = network;
        if (models is not null) body["models"] = new JsonArray([.. models.Select(model => (JsonNode)model)]);
        if (expiresSeconds is not null) body["expires_s"] = expiresSeconds;
        return (string)(await node.TellAsync("/v1/node/invites", body)).MustBe(201).Json["token"]!;
    }

    public static Task<Reply> TryJoinAsync(this NodeProcess node, string token) => node.TellAsync("/v1/node/join", new { token });

    public static async Task<JsonNode> JoinAsync(this NodeProcess node, string token) => (await node.TryJoinAsync(token)).MustBe(200).Json;

    /// <summary>Who this node is, read from its data folder.</summary>
    public static DeviceCertificate Certificate(this NodeProcess node) => DeviceCertificate.Parse(File.ReadAllBytes(Path.Combine(node.DataDir, NodeIdentity.CertificateFileName)));

    public static string PeerId(this NodeProcess node) => node.Certificate().PeerId.ToString();

    public static async Task<IReadOnlyList<JsonNode>> PeersAsync(this NodeProcess node) => [.. (await node.AskAsync("/v1/node/peers"))["peers"]!.AsArray().Select(peer => peer!)];

    /// <summary>What a node knows of another; null where it knows nothing.</summary>
    public static async Task<JsonNode?> PeerAsync(this NodeProcess node, string peerId) => (await node.PeersAsync()).FirstOrDefault(peer => (string?)peer["id"] == peerId);

    /// <summary>
    /// Waits until a node is linked with another, and returns what it knows of it. Over the carrier named, if one is: on a busy machine a worse one may be the
    /// first to get there, and the link moves to the better one within seconds.
    /// </summary>
    public static async Task<JsonNode> LinkedAsync(this NodeProcess node, NodeProcess other, TimeSpan? within = null, string? carrier = null)
    {
        var id = other.PeerId();
        JsonNode? peer = null;
        try
        {
            await Poll.UntilAsync(
                async () => (bool?)(peer = await node.PeerAsync(id))?["linked"] == true && (carrier is null || (string?)peer["carrier"] == carrier),
                $"the two nodes are linked{(carrier is null ? "" : $" over {carrier}")}", within ?? LinkTime);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} It knows {peer?.ToJsonString() ?? "nothing"}. Its output: {node.Output}\nThe other's: {other.Output}", late);
        }

        return peer!;
    }

    /// <summary>Waits until a node knows no link with another any more.</summary>
    public static Task<TimeSpan> UnlinkedAsync(this NodeProcess node, string peerId, TimeSpan? within = null) =>
        Poll.UntilAsync(async () => (bool?)(await node.PeerAsync(peerId))?["linked"] != true, "the link has ended", within ?? LinkTime);

    /// <summary>Waits until a node lists a model as one of a peer's.</summary>
    public static async Task SeesAsync(this NodeProcess node, string model, TimeSpan? within = null)
    {
        IReadOnlyList<string> ids = [];
        try
        {
            await Poll.UntilAsync(async () => (ids = await node.ModelIdsAsync()).Contains(model), $"the model {model} is listed", within ?? LinkTime);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} It lists {string.Join(", ", ids)}. Its peers: {string.Join(", ", (await node.PeersAsync()).Select(peer => peer.ToJsonString()))}. Its output: {node.Output}", late);
        }
    }

    /// <summary>Waits until so many linked peers of a node offer a model, and requests are planned with all of them: that comes an instant after their records.</summary>
    public static Task<TimeSpan> OfferedAsync(this NodeProcess node, string model, int peers) =>
        Poll.UntilAsync(
            async () => (await node.PeersAsync()).Count(peer => (bool)peer["linked"]! && peer["models"]!.AsArray().Any(name => (string?)name == model)) == peers && await PlannedAsync(node, model) >= peers,
            $"{peers} peers offer {model}",
            LinkTime);

    private static async Task<int> PlannedAsync(NodeProcess node, string model)
    {
        var plan = await node.Control.CallAsync(HttpMethod.Get, $"/v1/node/plan?model={Uri.EscapeDataString(model)}", body: (byte[]?)null);
        return plan.Status == 200 ? plan.Json["ranking"]!.AsArray().Concat(plan.Json["refused"]!.AsArray()).Count(place => ((string)place!["route"]!).StartsWith("peer:", StringComparison.Ordinal)) : 0;
    }

    /// <summary>The addresses at which a node can be linked, as its invites tell them.</summary>
    public static IReadOnlyList<IPEndPoint> Addresses(string token) => [.. Invite.Parse(token).Nodes[0].Addresses.Where(address => IPEndPoint.TryParse(address, out _)).Select(IPEndPoint.Parse)];

    /// <summary>A node's UDP port for links.</summary>
    public static async Task<int> LinkPortAsync(this NodeProcess node) => IPEndPoint.Parse((string)(await node.StatusAsync())["links"]!["listening"]!).Port;
}
