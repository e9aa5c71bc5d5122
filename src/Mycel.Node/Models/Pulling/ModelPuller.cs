namespace Mycel.Node.Models.Pulling;

/// <summary>Downloads models: a few at once, the others in line, and the same one never twice at a time.</summary>
internal sealed partial class ModelPuller(PullTools tools, ILogger<ModelPuller> logger) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _places = new(PullLimits.MaxRunning);
    private readonly PartialFiles _partials = new(tools.Store.Folder);

    /// <summary>In the order in which they were asked for.</summary>
    private readonly List<ModelPull> _pulls = [];

    /// <summary>Begins a download, or joins the same one that is under way.</summary>
    /// <exception cref="ModelException">The request makes no sense, or the name is taken, or the line is full.</exception>
    public ModelPull Start(PullRequest request)
    {
        var source = PullSource.Of(request, tools.Hub, tools.AllowPrivate());
        lock (_gate)
        {
            if (_pulls.Find(pull => pull.Source.Id == source.Id) is { } same)
            {
                if (!same.Status.IsEnded) return same;
                _pulls.Remove(same);
                same.Dispose();
            }
            var active = _pulls.Where(pull => !pull.Status.IsEnded).ToList();
            if (active.Exists(pull => pull.Source.Name == source.Name))
                throw new ModelException(409, "model_exists", $"Another model is being pulled under the name '{source.Name}'. Give this one another name with --name.");
            if (active.Count >= PullLimits.MaxRunning + PullLimits.MaxQueued)
                throw new ModelException(429, "too_many_pulls", $"{active.Count} downloads are under way or waiting. Try again when one has ended.");
            ForgetOld();
            ModelPull pull = new(source);
            _pulls.Add(pull);
            pull.Ended = Task.Run(() => RunAsync(pull));
            return pull;
        }
    }

    /// <summary>All downloads: those under way and lately ended, then what earlier processes left.</summary>
    public IReadOnlyList<PullStatus> List()
    {
        List<PullStatus> known;
        lock (_gate) known = [.. _pulls.Select(pull => pull.Status)];
        return [.. known, .. _partials.List().Where(partial => !known.Exists(pull => pull.Id == partial.Id)).Select(Interrupted)];
    }

    /// <summary>One download, or null.</summary>
    public PullStatus? Find(string id) => FindPull(id)?.Status ?? (_partials.Find(id) is { } partial ? Interrupted(partial) : null);

    /// <summary>Ends a download that is under way, keeping what has come; of one that has ended, deletes what was kept and forgets it.</summary>
    /// <returns>Whether there was such a download.</returns>
    /// <exception cref="ModelException">Another process works on it.</exception>
    public async Task<bool> CancelAsync(string id)
    {
        if (FindPull(id) is { Status.IsEnded: false } running)
        {
            running.Cancel();
            await running.Ended;
            return true;
        }
        if (Find(id) is null) return false;
        _partials.DeleteUnused(id);
        lock (_gate) _pulls.RemoveAll(pull => pull.Source.Id == id);
        return true;
    }

    /// <summary>Waits for a time, or until a download has ended.</summary>
    public async Task WaitAsync(string id, TimeSpan atMost, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            if (FindPull(id) is { } pull) await pull.Ended.WaitAsync(atMost, time, cancel);
        }
        catch (TimeoutException)
        {
            // It is still under way.
        }
    }

    /// <summary>Ends all downloads; what has come is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        List<ModelPull> all;
        lock (_gate) all = [.. _pulls];
        foreach (var pull in all) pull.Cancel();
        await Task.WhenAll(all.Select(pull => pull.Ended));
        foreach (var pull in all) pull.Dispose();
        _places.Dispose();
    }

    private static PullStatus Interrupted(PartialDownload partial) =>
        new(partial.Id, partial.Note.Source, partial.Note.Name, PullState.Interrupted) { ReceivedBytes = partial.ReceivedBytes, TotalBytes = partial.Note.TotalBytes };

    private ModelPull? FindPull(string id)
    {
        lock (_gate) return _pulls.Find(pull => pull.Source.Id == id);
    }

    private void ForgetOld()
    {
        while (_pulls.Count(pull => pull.Status.IsEnded) >= PullLimits.MaxRemembered)
        {
            var oldest = _pulls.First(pull => pull.Status.IsEnded);
            _pulls.Remove(oldest);
            oldest.Dispose();
        }
    }

    private async Task RunAsync(ModelPull pull)
    {
        var cancel = pull.Cancellation;
        try
        {
            await _places.WaitAsync(cancel);
            try
            {
                pull.Status = pull.Status with { State = PullState.Running };
                LogStarted(pull.Source.Shown, pull.Source.Name);
                await PullRun.RunAsync(pull, tools, cancel);
            }
            finally
            {
                _places.Release();
            }
            var path = Path.Combine(tools.Store.Folder, pull.Source.Name + Configuration.ModelName.Extension);
            pull.Status = pull.Status with { State = PullState.Done, BytesPerSecond = 0, Note = null, Path = path };
            LogDone(pull.Source.Name, pull.Status.ReceivedBytes);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            pull.Status = pull.Status with { State = PullState.Cancelled, BytesPerSecond = 0, Note = null };
            LogCancelled(pull.Source.Name);
        }
        catch (Exception error)
        {
            // Whatever it was, it must show: nobody waits on this task.
            var told = error as ModelException ?? new ModelException(500, "internal_error", "The download failed by a defect of mycel. The node's log says more; please report it.", error);
            pull.Status = pull.Status with { State = PullState.Failed, BytesPerSecond = 0, Note = null, Error = told };
            if (error is ModelException) LogFailed(pull.Source.Name, told.Code, told.Message);
            else LogDefect(error, pull.Source.Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "pulling {Source} as {Model}")]
    private partial void LogStarted(string source, string model);

    [LoggerMessage(Level = LogLevel.Information, Message = "pulled {Model}, {Bytes} bytes, verified")]
    private partial void LogDone(string model, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "pulling {Model} was ended; what has come is kept")]
    private partial void LogCancelled(string model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "pulling {Model} failed ({Code}): {Problem}")]
    private partial void LogFailed(string model, string code, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "pulling {Model} failed; this is a defect")]
    private partial void LogDefect(Exception error, string model);
}
