using System.Diagnostics;
using System.Net.Sockets;

namespace Mycel.EndToEnd.Harness;

/// <summary>Waiting for something to become true, with a deadline instead of a fixed sleep.</summary>
internal static class Poll
{
    /// <summary>How long a wait lasts that names no time of its own.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(15);

    /// <summary>Waits until <paramref name="condition"/> holds and returns how long that took. A refused or broken connection counts as not yet.</summary>
    /// <exception cref="TimeoutException">The condition did not hold within the deadline; the message says <paramref name="what"/> was awaited.</exception>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var deadline = within ?? DefaultDeadline;
        var clock = Stopwatch.StartNew();
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await condition()) return clock.Elapsed;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
            {
                last = e;
            }

            if (clock.Elapsed > deadline) throw new TimeoutException($"Waited {deadline.TotalSeconds:0.#} s for: {what}.", last);
            await Task.Delay(Step);
        }
    }

    /// <summary>As the other, for a condition that needs no waiting itself.</summary>
    public static Task<TimeSpan> UntilAsync(Func<bool> condition, string what, TimeSpan? within = null) =>
        UntilAsync(() => Task.FromResult(condition()), what, within);
}
