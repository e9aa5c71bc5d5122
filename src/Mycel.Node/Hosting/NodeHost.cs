using Mycel.Node.Configuration;

namespace Mycel.Node.Hosting;

/// <summary>The running daemon: composes the rooms, listens, and stops in order.</summary>
internal static class NodeHost
{
    /// <summary>Runs until SIGTERM or SIGINT; the result is the process's exit code.</summary>
    /// <param name="settings">The loader and the settings it loaded; reloads go through it.</param>
    public static Task<int> RunAsync(OptionsStore settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Task.FromResult(0);
    }
}
