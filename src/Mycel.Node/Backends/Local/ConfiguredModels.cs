using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Backends.Local;

/// <summary>
/// Keeps what is announced in line with the settings <c>models.load</c> and <c>models.demo</c>, at the start and whenever they change. What was loaded
/// or unloaded by hand stays so until its own entry changes.
/// </summary>
/// <param name="options">The settings.</param>
/// <param name="store">Where models are found by their names.</param>
/// <param name="models">What is announced.</param>
/// <param name="logger">Where models that cannot be served are told.</param>
internal sealed partial class ConfiguredModels(IOptionsSource options, ModelStore store, LocalModels models, ILogger<ConfiguredModels> logger) : IDisposable
{
    private readonly Lock _lock = new();
    private Dictionary<string, LocalModelSpec> _applied = new(StringComparer.Ordinal);

    /// <summary>Announces what the settings name, and begins to load it: whoever names a model wants it, and wants to know now when it cannot be had.</summary>
    public void Start()
    {
        options.Changed += OnChanged;
        Apply();
    }

    public void Dispose() => options.Changed -= OnChanged;

    private void OnChanged(MycelOptions changed) => Apply();

    private void Apply()
    {
        // Settings may change while others are being applied: each takes those that hold when its turn has come.
        lock (_lock)
        {
            var current = options.Current;
            var wanted = Wanted(current);
            foreach (var (name, spec) in _applied)
            {
                if (wanted.ContainsKey(name)) continue;
                // One whose file has gone is still served from memory where it is loaded.
                if (current.Models.Load.Any(entry => entry.Name == name)) wanted.Add(name, spec);
                else if (models.Models.Any(model => model.Spec.Name == name && model.Spec.Source == spec.Source)) _ = WithdrawAsync(name);
            }
            foreach (var (name, spec) in wanted)
            {
                if (!_applied.TryGetValue(name, out var before) || before with { Source = spec.Source } != spec) Serve(spec);
            }
            _applied = wanted;
        }
    }

    private Dictionary<string, LocalModelSpec> Wanted(MycelOptions current)
    {
        var wanted = new Dictionary<string, LocalModelSpec>(StringComparer.Ordinal);
        var found = ServedModels.Of(current, store, out var problems);
        foreach (var model in found)
        {
            wanted.TryAdd(model.Name, new LocalModelSpec(model.Name, model.Path)
            {
                ContextLength = model.ContextLength,
                Slots = model.Slots,
                GpuLayers = model.GpuLayers,
                Template = model.Template,
                Source = model.Source,
            });
        }
        foreach (var problem in problems) LogNotServed(problem);
        return wanted;
    }

    private void Serve(LocalModelSpec spec)
    {
        try
        {
            models.Serve(spec);
        }
        catch (ModelException refusal)
        {
            LogNotServed($"{spec.Name}: {refusal.Message}");
        }
    }

    private async Task WithdrawAsync(string name)
    {
        try
        {
            await models.UnloadAsync(name, CancellationToken.None);
        }
        catch (ModelException)
        {
            // Somebody else has just unloaded it.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a model of the settings is not served: {Problem}")]
    private partial void LogNotServed(string problem);
}
