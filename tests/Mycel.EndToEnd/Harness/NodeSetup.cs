using Mycel.EndToEnd.Devices;

namespace Mycel.EndToEnd.Harness;

/// <summary>How a node under test is started.</summary>
internal sealed class NodeSetup
{
    /// <summary>The command that serves: <c>serve</c>, or <c>join TOKEN</c>.</summary>
    public IReadOnlyList<string> Command { get; init; } = ["serve"];

    /// <summary>Network namespace to run in; null for that of the tests. There the node is reached over its control socket only.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>Arguments after <c>serve --port 0</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The configuration file's text, or null for none.</summary>
    public string? Yaml { get; init; }

    /// <summary>Further environment variables.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Devices given as <c>--relay</c>; the start waits until each was looked at once.</summary>
    public IReadOnlyList<FaultyDevice> Devices { get; init; } = [];

    /// <summary>Folder of an earlier node to start again in, or null for a new one.</summary>
    public TempFolder? Folder { get; init; }

    /// <summary>Data folder, or null for <c>data</c> in the node's own folder.</summary>
    public string? DataDir { get; init; }

    /// <summary>Port to listen on; 0 takes a free one.</summary>
    public int Port { get; init; }
}
