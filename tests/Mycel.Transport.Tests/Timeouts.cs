using System.Diagnostics;

namespace Mycel.Transport.Tests;

/// <summary>How long tests wait for what must happen before they fail.</summary>
internal static class Timeouts
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static CancellationToken Token() => new CancellationTokenSource(Limit).Token;

    /// <summary>Waits until a condition holds.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limit, $"Never came: {what}");
            await Task.Delay(5);
        }
    }
}
