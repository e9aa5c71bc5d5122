using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Node.Cli.Client;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Downloads that this process carries out, because no node runs.</summary>
internal sealed class OwnPulls : IPulls, IAsyncDisposable
{
    private readonly ModelPuller _puller;

    /// <summary>Into the models folder of the settings.</summary>
    public OwnPulls(MycelOptions options) => _puller = new ModelPuller(
        new PullTools { Store = new ModelStore(options.Models.Dir), AllowPrivate = () => options.Models.AllowPrivate, Hub = HubSettings.FromEnvironment() },
        NullLogger<ModelPuller>.Instance);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _puller.DisposeAsync();

    /// <inheritdoc/>
    public Task<PullStateReply> StartAsync(ModelPullRequest request, CancellationToken cancel)
    {
        try
        {
            return Task.FromResult(ReplyOf(_puller.Start(new PullRequest(request.Source, request.Sha256, request.Name)).Status));
        }
        catch (ModelException error)
        {
            throw new NodeClientException(error.Message, inner: error);
        }
    }

    /// <inheritdoc/>
    public Task<PullStateReply> ShowAsync(string id, CancellationToken cancel) =>
        Task.FromResult(_puller.Find(id) is { } pull ? ReplyOf(pull) : throw new NodeClientException("The download is gone."));

    /// <inheritdoc/>
    public Task EndAsync(string id) => _puller.CancelAsync(id);

    /// <summary>A download in the form in which a node tells it.</summary>
    public static PullStateReply ReplyOf(PullStatus pull) => new()
    {
        Id = pull.Id,
        Source = pull.Source,
        Name = pull.Name,
        State = pull.State.ToString().ToLowerInvariant(),
        ReceivedBytes = pull.ReceivedBytes,
        TotalBytes = pull.TotalBytes,
        BytesPerSecond = (long)pull.BytesPerSecond,
        EtaS = pull.Remaining is { } remaining ? (long)Math.Ceiling(remaining.TotalSeconds) : null,
        Note = pull.Note,
        Error = pull.Error is { } error ? new PullStateReply.PullFault(error.Code, error.Message) : null,
        Path = pull.Path,
    };
}
