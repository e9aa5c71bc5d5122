namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>So many a second, and no more. Not thread-safe.</summary>
internal sealed class RateLimit(int perSecond)
{
    private ulong _windowStart;
    private int _used;

    public bool TryTake(ulong now)
    {
        if (now - _windowStart >= MonotonicClock.Second)
        {
            _windowStart = now;
            _used = 0;
        }

        return _used++ < perSecond;
    }
}
