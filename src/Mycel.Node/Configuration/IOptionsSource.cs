namespace Mycel.Node.Configuration;

/// <summary>The settings in force, and word of their change.</summary>
public interface IOptionsSource
{
    /// <summary>The settings in force now. Cheap; read it anew for each use.</summary>
    MycelOptions Current { get; }

    /// <summary>Raised after <see cref="Current"/> was replaced, on the thread that reloaded.</summary>
    event Action<MycelOptions>? Changed;
}
