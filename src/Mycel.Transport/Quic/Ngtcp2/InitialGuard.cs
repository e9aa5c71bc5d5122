namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>What is done with a stranger's first packet.</summary>
internal enum InitialVerdict
{
    /// <summary>A handshake begins.</summary>
    Accept,

    /// <summary>Nothing is kept: the caller first shows that it receives at its address.</summary>
    Retry,

    /// <summary>The caller is told that there is no room.</summary>
    Refuse,

    /// <summary>Nothing is answered.</summary>
    Ignore,
}

/// <summary>Keeps strangers from taking up more than is meant for them. Not thread-safe.</summary>
internal sealed class InitialGuard(EndpointOptions options)
{
    /// <summary>Addresses counted at once; beyond, all others count as one.</summary>
    public const int MaxAddresses = 4096;

    private const ulong Others = ulong.MaxValue;

    private readonly Dictionary<ulong, int> _begun = [];
    private ulong _windowStart;

    /// <param name="network">The caller's address, see <see cref="NetAddress.NetworkKey"/>.</param>
    /// <param name="proved">Whether it has shown that it receives there.</param>
    /// <param name="halfOpen">Incoming handshakes under way.</param>
    /// <param name="connections">Connections, those included.</param>
    /// <param name="now">The time, in nanoseconds.</param>
    public InitialVerdict Judge(ulong network, bool proved, int halfOpen, int connections, ulong now)
    {
        if (halfOpen >= options.MaxHalfOpen)
            return InitialVerdict.Ignore;
        if (!proved && halfOpen >= options.RetryAbove)
            return InitialVerdict.Retry;
        if (!CountIn(network, now))
            return InitialVerdict.Ignore;
        return connections >= options.MaxConnections ? InitialVerdict.Refuse : InitialVerdict.Accept;
    }

    private bool CountIn(ulong network, ulong now)
    {
        if (now - _windowStart >= MonotonicClock.Second)
        {
            _windowStart = now;
            _begun.Clear();
        }

        if (_begun.Count >= MaxAddresses && !_begun.ContainsKey(network))
            network = Others;
        int begun = _begun.GetValueOrDefault(network);
        if (begun >= options.HandshakesPerSecondPerAddress)
            return false;
        _begun[network] = begun + 1;
        return true;
    }
}
