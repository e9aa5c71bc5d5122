using System.Collections.Concurrent;
using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Backends.Local;

/// <summary>The models that this node computes itself: which there are, and that they fit into memory together.</summary>
internal sealed class LocalModels : ILocalModels, IAsyncDisposable
{
    /// <summary>Most models announced at once.</summary>
    public const int MaxModels = 256;

    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, LocalModel> _models = new(StringComparer.Ordinal);

    /// <summary>Those announced no longer whose last answers are still under way.</summary>
    private readonly ConcurrentDictionary<LocalModel, bool> _leaving = new();
    private readonly SemaphoreSlim _room = new(1);
    private readonly IOptionsSource _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LocalModels> _logger;
    private readonly MachineMemory _memory = new();
    private readonly ITimer _sweep;
    private int _isSweeping;
    private volatile bool _isDisposed;

    public LocalModels(IOptionsSource options, TimeProvider time, ILogger<LocalModels> logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _sweep = time.CreateTimer(_ => _ = SweepAsync(), null, SweepEvery, SweepEvery);
    }

    /// <summary>Raised when the names to announce, or how many requests they take, have changed.</summary>
    public event Action? Changed;

    /// <summary>Those announced.</summary>
    public IReadOnlyList<LocalModel> Models => [.. _models.Values.OrderBy(m => m.Spec.Name, StringComparer.Ordinal)];

    public IReadOnlyList<LocalModelStatus> List() => [.. Models.Select(m => m.Status())];

    /// <summary>Announces a model; the first request loads it.</summary>
    /// <returns>False when one of this name is announced already.</returns>
    public bool Add(LocalModelSpec spec)
    {
        if (_models.ContainsKey(spec.Name)) return false;
        if (_models.Count >= MaxModels) throw new ModelException(409, "too_many_models", $"This node announces {MaxModels} models already. Unload one first.");
        if (!_models.TryAdd(spec.Name, NewModel(spec))) return false;
        Announce();
        return true;
    }

    private LocalModel NewModel(LocalModelSpec spec, Task? after = null) => new(spec, this, () => _options.Current.Engine.Grammar, _time, _logger, after);

    /// <summary>
    /// Announces a model and begins to load it, without waiting; what goes wrong shows in its state and in the log. One of its name gives way: new requests
    /// are the new one's at once, and it is loaded when the answers of the old one have ended.
    /// </summary>
    /// <exception cref="ModelException">There are too many.</exception>
    public void Serve(LocalModelSpec spec)
    {
        while (!Add(spec))
        {
            if (_models.TryGetValue(spec.Name, out var known) && (known.Spec == spec || TryReplace(known, spec))) break;
        }
        if (_models.TryGetValue(spec.Name, out var model)) _ = LoadQuietlyAsync(model);
    }

    private bool TryReplace(LocalModel old, LocalModelSpec spec)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_models.TryUpdate(spec.Name, NewModel(spec, ended.Task), old)) return false;
        Announce();
        _ = EndAsync();
        return true;

        async Task EndAsync()
        {
            try
            {
                await LeaveAsync(old, CancellationToken.None);
            }
            finally
            {
                ended.SetResult();
            }
        }
    }

    /// <summary>Tells that something about the announced models has changed.</summary>
    public void Announce() => Changed?.Invoke();

    public async Task<LocalModelStatus> LoadAsync(LocalModelSpec spec, CancellationToken cancellation)
    {
        // A file that is none is refused before anything is announced.
        _ = ReadFacts(spec.Path);
        if (_models.TryGetValue(spec.Name, out var known) && known.Spec with { Source = spec.Source } != spec)
        {
            if (known.Spec.Path != spec.Path)
                throw new ModelException(409, "model_exists", $"A model named '{spec.Name}' is served already ({known.Spec.Path}). Unload it first, or give this one another name.");
            // The same file in another size: it has to be loaded anew.
            await RemoveAsync(known, cancellation);
        }
        bool isNew;
        LocalModel? model;
        do isNew = Add(spec);
        // It may be unloaded at this very moment.
        while (!_models.TryGetValue(spec.Name, out model));
        try
        {
            await model.LoadAsync(cancellation);
        }
        catch (ModelException) when (isNew)
        {
            await RemoveAsync(model, CancellationToken.None);
            // As it was before it was served well: the next request loads it so again.
            if (known is not null) Add(known.Spec);
            throw;
        }
        return model.Status();
    }

    private static async Task LoadQuietlyAsync(LocalModel model)
    {
        try
        {
            await model.LoadAsync(CancellationToken.None);
        }
        catch (ModelException)
        {
            // Told by the model itself.
        }
    }

    public async Task UnloadAsync(string name, CancellationToken cancellation)
    {
        if (!_models.TryGetValue(name, out var model))
            throw new ModelException(404, "model_not_found", $"No model named '{name}' is loaded here. mycel models list shows those that are.");
        await RemoveAsync(model, cancellation);
    }

    private async Task RemoveAsync(LocalModel model, CancellationToken cancellation = default)
    {
        if (!_models.TryRemove(new KeyValuePair<string, LocalModel>(model.Spec.Name, model))) return;
        Announce();
        await LeaveAsync(model, cancellation);
    }

    /// <summary>Lets what runs on a model end, for a while, and ends it.</summary>
    private async Task LeaveAsync(LocalModel model, CancellationToken cancellation)
    {
        _leaving[model] = true;
        var limit = _time.GetUtcNow() + DrainTime;
        while (model.Backend.InFlight > 0 && _time.GetUtcNow() < limit && !cancellation.IsCancellationRequested && !_isDisposed) await Task.Delay(50, CancellationToken.None);
        await model.DisposeAsync();
        _leaving.TryRemove(model, out _);
    }

    /// <summary>Reads a model's file.</summary>
    /// <exception cref="ModelException">It is no model, or of a kind that the engine does not serve.</exception>
    internal static ModelFacts ReadFacts(string path)
    {
        try
        {
            var facts = ModelFacts.Read(path);
            return facts.Unservable is { } reason ? throw new ModelException(400, "not_a_model", reason) : facts;
        }
        catch (GgufException error)
        {
            throw new ModelException(400, "not_a_model", error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(400, "not_a_model", $"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Loads a model once there is room for it: one at a time, so that two do not count on the same memory. Idle ones make way.</summary>
    /// <exception cref="ModelException">It does not fit; the message has the numbers.</exception>
    public async Task<EngineProcess> WithRoomAsync(LocalModel model, Func<EngineSize, LocalEngineOptions, Task<EngineProcess>> load, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        try
        {
            var settings = _options.Current.Engine;
            var facts = ReadFacts(model.Spec.Path);
            model.Backend.Tier = facts.Tier;
            while (true)
            {
                var budget = Budget(settings);
                var size = EngineSizing.Choose(facts, model.Spec.ContextLength ?? settings.ContextLength, model.Spec.Slots ?? settings.Slots, budget);
                if (size.Plan.TotalBytes <= budget) return await load(size, settings);
                if (IdleLongest(except: model) is not { } idle)
                    throw new ModelException(507, "does_not_fit", $"The model '{model.Spec.Name}' {size.Plan.Refusal(facts, Math.Max(0, budget))}");
                await idle.UnloadIfIdleAsync($"it was idle, and '{model.Spec.Name}' needs the memory");
            }
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Bytes that one more model may take.</summary>
    private long Budget(LocalEngineOptions settings)
    {
        var free = _memory.ReadAvailableBytes();
        if (settings.MemoryMegabytes == 0) return free;
        var taken = _models.Values.Where(m => m.IsLoaded).Sum(m => m.Size!.Plan.TotalBytes);
        return Math.Min(free, settings.MemoryMegabytes * 1024L * 1024 - taken);
    }

    private LocalModel? IdleLongest(LocalModel except) =>
        _models.Values.Where(m => m != except && m.IsLoaded && m.Backend.InFlight == 0).MinBy(m => m.LastUsedAt);

    /// <summary>Takes out of memory what was idle for long.</summary>
    private async Task SweepAsync()
    {
        foreach (var model in _models.Values) model.Observe();
        var seconds = _options.Current.Engine.IdleUnloadSeconds;
        if (seconds == 0 || Interlocked.Exchange(ref _isSweeping, 1) != 0) return;
        try
        {
            foreach (var model in _models.Values)
            {
                if (model.IsLoaded && model.Backend.InFlight == 0 && _time.GetUtcNow() - model.LastUsedAt >= TimeSpan.FromSeconds(seconds))
                    await model.UnloadIfIdleAsync($"no request for {seconds} s (engine.idle_unload_s)");
            }
        }
        finally
        {
            Volatile.Write(ref _isSweeping, 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        _isDisposed = true;
        await Task.WhenAll(_models.Values.Concat(_leaving.Keys).Select(m => m.DisposeAsync().AsTask()));
        _models.Clear();
    }
}
