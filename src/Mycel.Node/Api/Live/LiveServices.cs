using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mycel.Node.Api.Admin;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Execution;
using Mycel.Node.Models.Pulling;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Live;

/// <summary>Puts together what watchers are shown.</summary>
internal static class LiveServices
{
    /// <summary>Requests that ended, shown to watchers.</summary>
    private const int RequestsShown = 100;

    /// <summary>Seconds between two looks at the books, which are in a database.</summary>
    private const int CreditSeconds = 3;

    /// <summary>Adds the feed and the load's history.</summary>
    public static void AddLive(this IServiceCollection services)
    {
        services.AddSingleton(provider => new LoadHistory(after => LoadNow(provider, after), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new LiveFeed(SectionsOf(provider), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<LiveFeed>>()));
    }

    private static LiveSection[] SectionsOf(IServiceProvider provider)
    {
        var status = provider.GetRequiredService<StatusView>();
        var requests = provider.GetRequiredService<RequestsView>();
        var relays = provider.GetRequiredService<RelayRegistry>();
        var models = provider.GetRequiredService<ModelViews>();
        var puller = provider.GetRequiredService<ModelPuller>();
        var networks = provider.GetRequiredService<NetworkViews>();
        var credit = provider.GetRequiredService<CreditReport>();
        var time = provider.GetRequiredService<TimeProvider>();
        return
        [
            Section("status", status.Now, NodeJson.Default.StatusReply),
            Section("load", () => LoadNow(provider, time.GetUtcNow() - LiveFeed.Tick), LiveJson.Default.LoadSample),
            Section("requests", () => requests.Now(RequestsShown), NodeJson.Default.RequestsReply),
            Section("relays", () => RelayEndpoints.ListOf(relays.Devices), RelayJson.Default.RelayListReply),
            Section("models", models.List, ModelJson.Default.ModelListReply),
            Section("pulls", () => new PullListReply([.. puller.List().Select(ModelViews.ReplyOf)]), ModelJson.Default.PullListReply),
            Section("networks", networks.Networks, NetworkJson.Default.NetworkListReply),
            Section("peers", networks.Peers, NetworkJson.Default.PeerListReply),
            new LiveSection("credits", CreditSeconds, async cancel =>
                JsonSerializer.SerializeToUtf8Bytes(CreditReply.Of(await credit.ReadAsync(cancel)), CreditJson.Default.CreditReply)),
        ];
    }

    private static LiveSection Section<T>(string name, Func<T> read, JsonTypeInfo<T> form) => new(name, 1, _ => new ValueTask<byte[]>(JsonSerializer.SerializeToUtf8Bytes(read(), form)));

    private static LoadSample LoadNow(IServiceProvider provider, DateTimeOffset after)
    {
        var metrics = provider.GetRequiredService<NodeMetrics>();
        var requests = provider.GetRequiredService<RequestLog>();
        var credit = provider.GetRequiredService<CreditMetrics>();
        long failed = 0, prompt = 0, completion = 0;
        foreach (var route in metrics.Routes)
        {
            failed += route.Requests.Where(s => s.Status >= 500).Sum(s => s.Count);
            prompt += route.PromptTokens.Value;
            completion += route.CompletionTokens.Value;
        }
        return new LoadSample(
            provider.GetRequiredService<TimeProvider>().GetUtcNow(), requests.Total, failed, prompt, completion, provider.GetRequiredService<ExchangeWatch>().Count,
            provider.GetRequiredService<Dispatcher>().Waiting, LoadMath.MedianTtft(requests.Latest(RequestLog.Capacity), after), credit.Earned.Value, credit.Spent.Value);
    }
}
