using Mycel.Node.Cli.Client;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Where downloads run: in a node, or in this process.</summary>
internal interface IPulls
{
    /// <summary>Begins one, or joins the same one.</summary>
    Task<PullStateReply> StartAsync(ModelPullRequest request, CancellationToken cancel);

    /// <summary>How far one is.</summary>
    Task<PullStateReply> ShowAsync(string id, CancellationToken cancel);

    /// <summary>Ends one; what has come is kept.</summary>
    Task EndAsync(string id);
}
