using System.Diagnostics;

namespace Mycel.Node.Observability;

/// <summary>Whether the node takes work.</summary>
internal enum NodePhase
{
    Starting,
    Ready,
    Draining,
}

/// <summary>Where the node is in its life.</summary>
internal sealed class NodeState(TimeProvider time)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private volatile NodePhase _phase = NodePhase.Starting;

    public NodePhase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public TimeSpan Uptime => Stopwatch.GetElapsedTime(_started);

    /// <summary>The address that a browser or client on this machine uses.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>This program's version.</summary>
    public static string Version { get; } = typeof(NodeState).Assembly.GetName().Version!.ToString(3);
}
