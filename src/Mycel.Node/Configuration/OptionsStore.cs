namespace Mycel.Node.Configuration;

/// <summary>Loads, validates and reloads the settings.</summary>
public sealed class OptionsStore : IOptionsSource
{
    private volatile MycelOptions _current;

    /// <summary>Starts with settings already loaded.</summary>
    public OptionsStore(MycelOptions initial) => _current = initial;

    /// <inheritdoc/>
    public MycelOptions Current => _current;

    /// <inheritdoc/>
    public event Action<MycelOptions>? Changed;

    /// <summary>Puts new settings in force.</summary>
    public void Replace(MycelOptions next)
    {
        _current = next;
        Changed?.Invoke(next);
    }
}
