using System.Diagnostics.CodeAnalysis;

namespace Mycel.Node.Configuration;

/// <summary>Holds the settings in force, and reads them anew from the same sources on demand.</summary>
public sealed class OptionsStore : IOptionsSource
{
    private readonly Lock _reloading = new();
    private readonly Func<LoadedConfiguration>? _read;
    private volatile MycelOptions _current;
    private volatile LoadedConfiguration _loaded;

    /// <summary>Starts with given settings that no source stands behind; a reload changes nothing.</summary>
    public OptionsStore(MycelOptions initial)
        : this(new LoadedConfiguration { Options = initial, File = null, Values = ValuesOf(initial) }, read: null)
    {
    }

    private OptionsStore(LoadedConfiguration loaded, Func<LoadedConfiguration>? read)
    {
        _loaded = loaded;
        _current = loaded.Options!;
        _read = read;
    }

    /// <inheritdoc/>
    public MycelOptions Current => _current;

    /// <summary>The configuration file in force, as full path, or null when there is none.</summary>
    public string? File => _loaded.File;

    /// <summary>Each setting in force with its value and where that came from.</summary>
    public IReadOnlyList<SettingValue> Values => _loaded.Values;

    /// <summary>Warnings of the last reading that went through.</summary>
    public IReadOnlyList<ConfigurationProblem> Warnings => _loaded.Warnings;

    /// <inheritdoc/>
    public event Action<MycelOptions>? Changed;

    /// <summary>Reads the settings of this process.</summary>
    /// <param name="flags">The flags given.</param>
    /// <param name="store">The store, or null when there are <paramref name="errors"/>.</param>
    /// <param name="errors">Every mistake found; empty when all is well.</param>
    public static bool TryLoad(CommandLineSettings flags, [NotNullWhen(true)] out OptionsStore? store, out IReadOnlyList<ConfigurationProblem> errors) =>
        TryLoad(() => ConfigurationLoader.Load(flags), out store, out errors);

    /// <summary>Reads the settings by a function that a reload calls again.</summary>
    internal static bool TryLoad(Func<LoadedConfiguration> read, [NotNullWhen(true)] out OptionsStore? store, out IReadOnlyList<ConfigurationProblem> errors)
    {
        var loaded = read();
        errors = loaded.Errors;
        store = loaded.Options is null ? null : new OptionsStore(loaded, read);
        return store is not null;
    }

    /// <summary>Puts new settings in force, whatever their source.</summary>
    public void Replace(MycelOptions next)
    {
        lock (_reloading)
        {
            _loaded = new LoadedConfiguration { Options = next, File = _loaded.File, Values = ValuesOf(next) };
            _current = next;
        }
        Changed?.Invoke(next);
    }

    /// <summary>Reads all sources anew. With any mistake the old settings stay as they are; otherwise what can change without a restart
    /// changes now, and the rest is reported.</summary>
    public ReloadOutcome Reload()
    {
        if (_read is null) return new ReloadOutcome();
        ReloadOutcome outcome;
        MycelOptions next;
        lock (_reloading)
        {
            var loaded = _read();
            if (loaded.Options is null) return new ReloadOutcome { Errors = loaded.Errors, Warnings = loaded.Warnings };
            if (VanishedFile(loaded) is { } vanished) return new ReloadOutcome { Errors = [vanished], Warnings = loaded.Warnings };
            (outcome, next) = Compare(_current, loaded);
            _loaded = InForce(loaded, next);
            if (outcome.Applied.Count == 0) return outcome;
            _current = next;
        }
        Changed?.Invoke(next);
        return outcome;
    }

    /// <summary>A file in a usual place may be missing at the start; one that was in force and is gone is more likely an accident.</summary>
    private ConfigurationProblem? VanishedFile(LoadedConfiguration loaded) =>
        _loaded.File is { } file && loaded.File is null
            ? new ConfigurationProblem("", new SettingOrigin(SettingSource.File, file), "the file is gone; bring it back, or restart the node to go on without")
            : null;

    private static (ReloadOutcome Outcome, MycelOptions Next) Compare(MycelOptions current, LoadedConfiguration loaded)
    {
        var next = loaded.Options!;
        var applied = new List<string>();
        var restart = new List<RestartRequired>();
        foreach (var setting in SettingTable.All)
        {
            var (from, to) = (setting.Text(current), setting.Text(loaded.Options!));
            if (from == to) continue;
            if (setting.IsHot)
            {
                applied.Add(setting.Key);
                continue;
            }
            restart.Add(new RestartRequired(setting.Key, from, to));
            next = setting.Copy(current, next);
        }
        return (new ReloadOutcome { Applied = applied, RestartRequired = restart, Warnings = loaded.Warnings }, next);
    }

    /// <summary>What was loaded, with the old values and origins where a restart is needed.</summary>
    private LoadedConfiguration InForce(LoadedConfiguration loaded, MycelOptions next)
    {
        var old = _loaded.Values.ToDictionary(value => value.Key);
        return new LoadedConfiguration
        {
            Options = next,
            File = loaded.File,
            Values = [.. loaded.Values.Select(value => SettingTable.Find(value.Key) is { IsHot: false } setting && setting.Text(next) != value.Text ? old[value.Key] : value)],
            Warnings = loaded.Warnings,
        };
    }

    private static List<SettingValue> ValuesOf(MycelOptions options) =>
        [.. SettingTable.All.Select(setting => ConfigurationLoader.ValueOf(setting, options, SettingOrigin.Default))];
}
