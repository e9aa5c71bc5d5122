namespace Mycel.Node.Models.Pulling;

/// <summary>One download: what is asked for, and how far it is.</summary>
internal sealed class ModelPull : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private volatile PullStatus _status;

    /// <summary>A download that has not begun.</summary>
    public ModelPull(PullSource source)
    {
        Source = source;
        _status = new PullStatus(source.Id, source.Shown, source.Name, PullState.Queued);
    }

    /// <summary>What is asked for.</summary>
    public PullSource Source { get; }

    /// <summary>How far it is. Set by the download alone.</summary>
    public PullStatus Status
    {
        get => _status;
        set => _status = value;
    }

    /// <summary>Completes when it has ended, however it did; never fails.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Whether somebody asked for its end.</summary>
    public CancellationToken Cancellation => _cancel.Token;

    /// <summary>Ends it; what has come is kept.</summary>
    public void Cancel() => _cancel.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _cancel.Dispose();
}
