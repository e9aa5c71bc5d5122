using Mycel.Node.Configuration;

namespace Mycel.Node.Tests;

/// <summary>Settings that a test sets.</summary>
internal sealed class FixedOptions(MycelOptions current) : IOptionsSource
{
    private MycelOptions _current = current;

    public event Action<MycelOptions>? Changed;

    public MycelOptions Current
    {
        get => _current;
        set
        {
            _current = value;
            Changed?.Invoke(value);
        }
    }
}
