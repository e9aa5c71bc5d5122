using System.Text.Json;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Downloads that a node carries out.</summary>
internal sealed class NodePulls(NodeClient node) : IPulls
{
    /// <inheritdoc/>
    public Task<PullStateReply> StartAsync(ModelPullRequest request, CancellationToken cancel) =>
        node.PostAsync("v1/node/models/pull", JsonSerializer.Serialize(request, ClientJson.Default.ModelPullRequest), ClientJson.Default.PullStateReply, cancel);

    /// <inheritdoc/>
    public Task<PullStateReply> ShowAsync(string id, CancellationToken cancel) => node.GetAsync("v1/node/models/pulls/" + Uri.EscapeDataString(id), ClientJson.Default.PullStateReply, cancel);

    /// <inheritdoc/>
    public Task EndAsync(string id) => node.SendForJsonAsync(HttpMethod.Delete, "v1/node/models/pulls/" + Uri.EscapeDataString(id), null, CancellationToken.None);
}
