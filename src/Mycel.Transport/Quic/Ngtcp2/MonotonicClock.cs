using System.Diagnostics;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>The clock that packets, kernel and protocol share: CLOCK_MONOTONIC, in nanoseconds.</summary>
internal static class MonotonicClock
{
    public const ulong Second = 1_000_000_000;

    // On Linux, the only system of this provider, a tick of Stopwatch is a nanosecond of that clock.
    public static ulong Now => (ulong)Stopwatch.GetTimestamp();

    public static ulong Nanoseconds(TimeSpan time) => (ulong)time.Ticks * 100;
}
