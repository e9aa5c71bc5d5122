using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Credit.Harness;

/// <summary>What tests ask of nodes that pay each other.</summary>
internal static class CreditCalls
{
    /// <summary>Credits for a million tokens of prompts, and of answers: large enough to see, small enough for many at once.</summary>
    public const string Price = "100/1000";

    /// <summary>What <see cref="Scripts.Proper"/>'s answer costs at that price: 7 and 3 tokens.</summary>
    public const long ProperCost = (7 * 100) + (3 * 1000);

    /// <summary>Bounds the answer, as a request to a priced model should.</summary>
    public const string Bounded = ",\"max_tokens\":3";

    /// <summary>The most that settling may take on a busy machine: two seconds between two submissions, and a link made anew.</summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(40);

    /// <summary>Starts a node whose models have a price.</summary>
    public static Task<NodeProcess> StartAsync(string price = Price, TempFolder? folder = null, params (string Name, string Value)[] more) => NodeProcess.StartAsync(new NodeSetup
    {
        Folder = folder,
        Environment = PeerCalls.LinkSettings(0, [("MYCEL_CREDIT_DEFAULT_PRICE", price), .. more]),
    });

    /// <summary>Asks for a stream, and returns as soon as its head is there.</summary>
    public static async Task<HttpResponseMessage> BeginPaidChatAsync(this NodeProcess node, string model, CancellationToken cancel = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, NodeCalls.ChatPath) { Content = new StringContent(NodeCalls.ChatBody(model, true, Bounded), System.Text.Encoding.UTF8, "application/json") };
        return await node.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    /// <summary>A node's books in its only network.</summary>
    public static async Task<JsonNode> CreditAsync(this NodeProcess node) => Assert.Single((await node.AskAsync("/v1/node/credits"))["networks"]!.AsArray())!;

    /// <summary>A node's balance.</summary>
    public static async Task<long> BalanceAsync(this NodeProcess node) => (long)(await node.CreditAsync())["balance"]!;

    /// <summary>Waits until nothing is pending anywhere and every node's balance is what it earned less what it used; then all of them sum to 0.</summary>
    public static Task SettledAsync(params IReadOnlyList<NodeProcess> nodes) => SettledAsync(nodes, isAnswerLost: false);

    /// <summary>The same; where an answer was lost with its provider, its payer goes on keeping the little that it may be asked for, and where accounts are missing, the others sum to what those owe.</summary>
    public static async Task SettledAsync(IReadOnlyList<NodeProcess> nodes, bool isAnswerLost, long sum = 0)
    {
        IReadOnlyList<JsonNode> books = [];
        try
        {
            await Poll.UntilAsync(async () => (books = await Task.WhenAll(nodes.Select(CreditAsync))).All(book => IsSettled(book, isAnswerLost)), "everything is settled", SettleTime);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} The books: {string.Join("\n", books.Select(book => book.ToJsonString()))}\n{string.Join("\n", nodes.Select(node => node.Output))}", late);
        }

        Assert.Equal(sum, books.Sum(book => (long)book["balance"]!));
    }

    /// <summary>Waits until the receipts of these answers are posted on both sides, and everything is settled.</summary>
    public static async Task PostedAsync(IReadOnlyList<Reply> replies, NodeProcess payer, NodeProcess provider, params IReadOnlyList<NodeProcess> others)
    {
        foreach (var reply in replies)
        {
            foreach (var side in new[] { payer, provider }) await PostedAsync(side, reply["X-Mycel-Receipt"]!);
        }

        await SettledAsync([payer, provider, .. others]);
    }

    /// <summary>Waits until a receipt is posted.</summary>
    public static Task PostedAsync(this NodeProcess node, string id) => Poll.UntilAsync(async () => await node.StateAsync(id) == "posted", $"receipt {id} is posted", SettleTime);

    /// <summary>How far a receipt is; null where there is none.</summary>
    public static async Task<string?> StateAsync(this NodeProcess node, string id)
    {
        var found = await node.Control.CallAsync(HttpMethod.Get, $"/v1/receipts/{id}", (byte[]?)null);
        return found.Status == 200 ? (string)found.Json["state"]! : null;
    }

    /// <summary>Waits until a node knows a linked node that keeps its network's ledger, or knows none.</summary>
    public static async Task ReachesLedgerAsync(this NodeProcess node, bool isReached = true)
    {
        try
        {
            await Poll.UntilAsync(async () => (bool)(await node.CreditAsync())["ledger_reached"]! == isReached, isReached ? "a node that keeps the ledger is linked" : "none is", SettleTime);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} It knows {(await node.AskAsync($"/v1/node/networks/{PeerCalls.Network}"))["clearing"]!.ToJsonString()}. Its output: {node.Output}", late);
        }
    }

    private static bool IsSettled(JsonNode book, bool isAnswerLost) =>
        (long)book["earned_pending"]! == 0 && (isAnswerLost || ((long)book["used_pending"]! == 0 && (long)book["reserved"]! == 0))
        && (long)book["balance"]! == (long)book["earned"]! - (long)book["used"]!;

    /// <summary>The latest receipts of a node.</summary>
    public static async Task<IReadOnlyList<JsonNode>> HistoryAsync(this NodeProcess node, string query = "limit=1000") =>
        [.. (await node.AskAsync($"/v1/node/credits/history?{query}"))["receipts"]!.AsArray().Select(receipt => receipt!)];

    /// <summary>One receipt, as a node has it.</summary>
    public static Task<JsonNode> ReceiptAsync(this NodeProcess node, string id) => node.AskAsync($"/v1/receipts/{id}");

    /// <summary>Re-checks all books of the nodes.</summary>
    public static async Task MustVerifyAsync(params IReadOnlyList<NodeProcess> nodes)
    {
        foreach (var node in nodes)
        {
            var found = await node.AskAsync("/v1/node/ledger/verify");
            Assert.True((bool)found["whole"]!, found.ToJsonString());
        }
    }

    /// <summary>Makes a priced model on one node that others see; disposing of it takes it off again.</summary>
    public static async Task<FaultyDevice> AddModelAsync(this NodeProcess node, params IReadOnlyList<NodeProcess> others)
    {
        var device = FaultyDevice.Start("model-" + Guid.NewGuid().ToString("N")[..10]);
        device.OnRequest = Scripts.Proper;
        await node.AddRelayAsync(device);
        foreach (var other in others) await other.SeesAsync(device.Model);
        return device;
    }
}
