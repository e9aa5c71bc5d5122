using System.Net;

namespace Mycel.Node.Discovery.Lan;

/// <summary>How much of what comes from the local network is looked at: counts in windows, per source and in all. For one thread at a time.</summary>
internal sealed class LanGate(TimeProvider time)
{
    /// <summary>Over which datagrams are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Datagrams of one address in a window. A machine with several nodes sends from one.</summary>
    public const int MaxOfOne = 40;

    /// <summary>Addresses counted in a window; those of further ones are left out until the next.</summary>
    public const int MaxSources = 512;

    /// <summary>Datagrams in a window from all addresses.</summary>
    public const int MaxInAll = 2_000;

    private readonly Dictionary<IPAddress, int> _counts = [];
    private long _since = time.GetTimestamp();
    private int _total;

    /// <summary>Counts a datagram; whether it may be looked at.</summary>
    public bool Allows(IPAddress source)
    {
        if (time.GetElapsedTime(_since) >= Window)
        {
            _since = time.GetTimestamp();
            _counts.Clear();
            _total = 0;
        }

        var count = _counts.GetValueOrDefault(source);
        if (count >= MaxOfOne || _total >= MaxInAll || (count == 0 && _counts.Count >= MaxSources)) return false;
        _counts[source] = count + 1;
        _total++;
        return true;
    }
}
