using Mycel.Llama;
using Mycel.Llama.Gguf;
using Mycel.Node.Backends.Local.OpenAi;
using Mycel.Node.Models;

namespace Mycel.Node.Backends.Local;

/// <summary>
/// One model that this node computes: loaded by the first request for it, kept alive, and taken out of memory when nobody wants it.
/// The engine is a child process; when that ends unasked it is started again at once.
/// </summary>
internal sealed partial class LocalModel : IEngineSource, IAsyncDisposable
{
    /// <summary>Deaths of the engine's process while loading after which the model is left alone.</summary>
    public const int DeathsToQuarantine = 3;

    /// <summary>A failure is told again for this long before loading is tried again.</summary>
    private static readonly TimeSpan FailureStands = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly LocalModels _models;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _after;
    private readonly TokenRate _rate = new();
    private Task<EngineProcess>? _loading;
    private EngineProcess? _process;
    private LocalModelState _state = LocalModelState.Unloaded;
    private ModelException? _failure;
    private DateTimeOffset _failedAt;
    private DateTimeOffset? _loadedAt;
    private TimeSpan? _loadTime;
    private DateTimeOffset _lastUsedAt;
    private double _progress;
    private int _deathsOnLoad;
    private int _restarts;
    private int? _loadingProcess;
    private bool _avoidGpu;

    /// <param name="spec">What to serve.</param>
    /// <param name="models">The room it belongs to.</param>
    /// <param name="allowsGrammar">Whether callers may send grammars of their own.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where its life is told.</param>
    /// <param name="after">What it waits for before it is loaded, as for the end of the one whose place it takes; null for nothing.</param>
    public LocalModel(LocalModelSpec spec, LocalModels models, Func<bool> allowsGrammar, TimeProvider time, ILogger logger, Task? after = null)
    {
        _after = after ?? Task.CompletedTask;
        Spec = spec;
        _models = models;
        _time = time;
        _logger = logger;
        _lastUsedAt = time.GetUtcNow();
        Backend = new LocalBackend(spec.Name, spec.Slots ?? 1, this, time, allowsGrammar,
            model => ChatRenderers.Make(model, spec.Template, time));
    }

    public LocalModelSpec Spec { get; }

    /// <summary>What answers requests with it.</summary>
    public LocalBackend Backend { get; }

    /// <summary>How it was made when it was loaded last; null before.</summary>
    public EngineSize? Size { get; private set; }

    public bool IsLoaded
    {
        get
        {
            lock (_lock) return _state == LocalModelState.Loaded;
        }
    }

    /// <summary>When a request last had it.</summary>
    public DateTimeOffset LastUsedAt
    {
        get
        {
            lock (_lock) return Backend.InFlight > 0 ? _time.GetUtcNow() : _lastUsedAt;
        }
    }

    public LocalModelStatus Status()
    {
        lock (_lock)
        {
            var engine = _state == LocalModelState.Loaded ? _process?.Engine : null;
            return new LocalModelStatus(Spec, _state)
            {
                Progress = _state == LocalModelState.Loaded ? 1 : _progress,
                Error = _failure?.Message,
                Model = engine?.Model,
                Statistics = engine?.ReadStatistics(),
                EstimatedBytes = Size?.Plan.TotalBytes ?? 0,
                ProcessId = _process?.Id ?? _loadingProcess,
                InFlight = Backend.InFlight,
                TokensPerSecond = _rate.PerSecond,
                LoadedAt = _loadedAt,
                LoadTime = _loadTime,
                LastUsedAt = _lastUsedAt,
                Restarts = _restarts,
            };
        }
    }

    /// <summary>Looks at what the engine counts, for its rate; called each second or so.</summary>
    public void Observe()
    {
        lock (_lock)
        {
            if (_state == LocalModelState.Loaded && _process is { } process) _rate.Add(process.Engine.ReadStatistics());
        }
    }

    public async ValueTask<ILocalEngine> GetAsync(CancellationToken cancellation)
    {
        Task<EngineProcess> loading;
        lock (_lock)
        {
            _lastUsedAt = _time.GetUtcNow();
            if (_state == LocalModelState.Loaded && !_process!.Engine.Ended.IsCompleted) return _process.Engine;
            if (_state == LocalModelState.Quarantined || (_state == LocalModelState.Failed && _time.GetUtcNow() - _failedAt < FailureStands)) throw _failure!;
            loading = BeginLoading();
        }
        return (await loading.WaitAsync(cancellation)).Engine;
    }

    /// <summary>Loads it whatever was before, a quarantine included.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        Task<EngineProcess> loading;
        lock (_lock)
        {
            if (_state == LocalModelState.Loaded && !_process!.Engine.Ended.IsCompleted) return;
            if (_state == LocalModelState.Quarantined) _deathsOnLoad = 0;
            loading = BeginLoading();
        }
        await loading.WaitAsync(cancellation);
    }

    private Task<EngineProcess> BeginLoading()
    {
        if (_closing.IsCancellationRequested) throw new ModelException(404, "model_not_found", $"The model '{Spec.Name}' is not served any more.");
        if (_loading is { IsCompleted: false }) return _loading;
        _state = LocalModelState.Loading;
        _failure = null;
        _progress = 0;
        _loading = Task.Run(LoadAlwaysAsync);
        // Whoever waits for it looks at its failure; it may be nobody.
        _ = _loading.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        return _loading;
    }

    /// <summary>Loads, again where the process dies of it, up to the quarantine.</summary>
    private async Task<EngineProcess> LoadAlwaysAsync()
    {
        try
        {
            await _after.WaitAsync(_closing.Token);
            while (true)
            {
                try
                {
                    return await LoadOnceAsync();
                }
                catch (EngineException death) when (death.Fault.Kind == EngineFaultKind.Lost && !_closing.IsCancellationRequested)
                {
                    _deathsOnLoad++;
                    LogDiedLoading(_logger, Spec.Name, _deathsOnLoad, death.Message);
                    if (_deathsOnLoad >= DeathsToQuarantine) throw Quarantine(death);
                    // A driver that ends the process is no reason to give up where the processor can do the work.
                    if (_deathsOnLoad == DeathsToQuarantine - 1) _avoidGpu = true;
                    await Task.Delay(Pause(_deathsOnLoad), _time, _closing.Token);
                }
            }
        }
        catch (Exception error)
        {
            throw Fail(error);
        }
    }

    private static TimeSpan Pause(int deaths) => TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, 0.25 * Math.Pow(2, deaths - 1)));

    private ModelException Quarantine(EngineException death) =>
        new(503, "model_quarantined", $"Loading '{Spec.Name}' ended the engine's process {DeathsToQuarantine} times: {death.Message} It is not tried again until asked for: mycel models load {Spec.Name}", death);

    private ModelException Fail(Exception error)
    {
        var failure = error switch
        {
            ModelException known => known,
            GgufException broken => new ModelException(400, "not_a_model", broken.Message, broken),
            EngineException refused => new ModelException(503, "engine_unavailable", refused.Message, refused),
            OperationCanceledException => new ModelException(503, "engine_unavailable", $"The model '{Spec.Name}' was unloaded while it was being loaded.", error),
            _ => new ModelException(503, "engine_unavailable", $"The model '{Spec.Name}' cannot be loaded: {error.Message}", error),
        };
        lock (_lock)
        {
            _state = _closing.IsCancellationRequested ? LocalModelState.Unloaded : failure.Code == "model_quarantined" ? LocalModelState.Quarantined : LocalModelState.Failed;
            _failure = failure;
            _failedAt = _time.GetUtcNow();
            _loadingProcess = null;
        }
        LogFailed(_logger, Spec.Name, failure.Message);
        return failure;
    }

    private async Task<EngineProcess> LoadOnceAsync()
    {
        long began = 0;
        var backend = "";
        var process = await _models.WithRoomAsync(this, async (size, settings) =>
        {
            Size = size;
            backend = settings.Backend;
            began = _time.GetTimestamp();
            var options = new EngineOptions
            {
                ModelPath = Spec.Path,
                LibraryFolder = EngineLibraries.Find(settings, _avoidGpu),
                ContextLength = size.ContextLength,
                Slots = size.Slots,
                CacheCells = size.Cells,
                Threads = settings.Threads > 0 ? settings.Threads : null,
                GpuLayers = Spec.GpuLayers ?? -1,
            };
            return await EngineProcess.StartAsync(options, new LoadProgress(this), id => _loadingProcess = id, _closing.Token);
        }, _closing.Token);
        lock (_lock)
        {
            _process = process;
            _loadingProcess = null;
            _state = LocalModelState.Loaded;
            _loadedAt = _lastUsedAt = _time.GetUtcNow();
            _loadTime = _time.GetElapsedTime(began);
            _deathsOnLoad = 0;
        }
        Backend.SetMaxConcurrent(Size!.Slots);
        LogLoaded(_logger, Spec.Name, Size.Slots, Size.ContextLength, process.Engine.Model.Device, process.Id);
        if (backend is "cuda" or "vulkan" or "metal" && process.Engine.Model.Device == "CPU") LogNoGpu(_logger, Spec.Name, backend);
        _ = RestartWhenLostAsync(process);
        _models.Announce();
        return process;
    }

    /// <summary>What was running has failed by then; what comes next finds the model loaded again.</summary>
    private async Task RestartWhenLostAsync(EngineProcess process)
    {
        var end = await process.Engine.Ended;
        lock (_lock)
        {
            if (_process != process) return;
            _process = null;
            // A request that saw the end first has begun to load it again: a second process beside that one would be nobody's.
            if (_state != LocalModelState.Loading)
            {
                _state = LocalModelState.Unloaded;
                _loading = null;
            }
            if (!end.IsExpected && !_closing.IsCancellationRequested) _restarts++;
        }
        if (!end.IsExpected && !_closing.IsCancellationRequested)
        {
            LogLost(_logger, Spec.Name, process.LastWords.Length > 0 ? process.LastWords : end.Reason);
            // One that dies soon after each start is not started in a tight circle.
            var lived = _time.GetUtcNow() - (_loadedAt ?? default);
            if (lived < TimeSpan.FromSeconds(10) && _restarts > 3) await Task.Delay(TimeSpan.FromSeconds(5), _time);
            lock (_lock)
            {
                if (!_closing.IsCancellationRequested && _state == LocalModelState.Unloaded) BeginLoading();
            }
        }
        await process.DisposeAsync();
    }

    /// <summary>Takes it out of memory unless a request has it; it stays announced.</summary>
    public Task UnloadIfIdleAsync(string reason) => UnloadAsync(reason, onlyIfIdle: true);

    private async Task UnloadAsync(string reason, bool onlyIfIdle)
    {
        EngineProcess? process;
        lock (_lock)
        {
            process = _process;
            // A request counts as in flight before it asks for the engine: one that comes now either is seen here, or finds the model unloaded.
            // What is being loaded again after its end is not unloaded either, like anything that is being loaded.
            if (process is null || _state == LocalModelState.Loading || (onlyIfIdle && Backend.InFlight > 0)) return;
            _process = null;
            _loading = null;
            _state = LocalModelState.Unloaded;
            _loadedAt = null;
            _progress = 0;
        }
        LogUnloaded(_logger, Spec.Name, reason);
        await process.DisposeAsync();
    }

    /// <summary>Ends it for good.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        var loading = _loading;
        if (loading is not null) await loading.ContinueWith(static _ => { }, TaskScheduler.Default);
        await UnloadAsync("it is no longer served", onlyIfIdle: false);
    }

    private sealed class LoadProgress(LocalModel model) : IProgress<float>
    {
        public void Report(float value) => model._progress = value;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "model {Model} loaded: {Slots} slots, {Context} tokens of context, on {Device} (process {Process})")]
    private static partial void LogLoaded(ILogger logger, string model, int slots, int context, string device, int process);

    [LoggerMessage(Level = LogLevel.Warning, Message = "model {Model} is computed by the processor: engine.backend asks for {Backend}, which finds no device here. Check the driver, or set engine.backend: cpu")]
    private static partial void LogNoGpu(ILogger logger, string model, string backend);

    [LoggerMessage(Level = LogLevel.Information, Message = "model {Model} unloaded: {Reason}")]
    private static partial void LogUnloaded(ILogger logger, string model, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "model {Model} is not loaded: {Reason}")]
    private static partial void LogFailed(ILogger logger, string model, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "the engine of model {Model} ended by itself and is started again: {Reason}")]
    private static partial void LogLost(ILogger logger, string model, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "the engine of model {Model} ended while loading, time {Death}: {Reason}")]
    private static partial void LogDiedLoading(ILogger logger, string model, int death, string reason);
}
