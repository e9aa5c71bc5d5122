using System.Diagnostics;

namespace Mycel.EngineBench;

/// <summary>Users who ask one question after the other.</summary>
internal sealed class Workload(ITarget target)
{
    /// <summary>Prints tokens a second of all users together, and how long the first token took.</summary>
    public async Task RunAsync(int users, int requests, int tokens)
    {
        await target.AskAsync("You are a helpful assistant.", "Warm up.", 8, static () => { });
        var firsts = new List<double>();
        // Questions asked in an earlier run would be found in the cache.
        var run = Random.Shared.Next(1000, 9999);
        var total = 0;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, users).Select(user => Task.Run(async () =>
        {
            for (var i = 0; i < requests; i++)
            {
                var asked = Stopwatch.GetTimestamp();
                long first = 0;
                var got = await target.AskAsync("You are a helpful assistant.", $"For guest {run}, tell me story number {user * 1000 + i} about a river and a town.", tokens, () => first = first == 0 ? Stopwatch.GetTimestamp() : first);
                Interlocked.Add(ref total, got);
                lock (firsts) firsts.Add(Stopwatch.GetElapsedTime(asked, first).TotalMilliseconds);
            }
        })));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        firsts.Sort();
        Console.Write($"tokens_per_second={total / seconds:0.0} first_token_p50_ms={firsts[firsts.Count / 2]:0.0} tokens={total}");
    }
}

/// <summary>Users with a long common beginning that was seen before, all asking at once, round after round.</summary>
internal static class SharedPrefix
{
    public static async Task RunAsync(ITarget target, int users, int rounds)
    {
        // About 1,000 tokens.
        var system = string.Concat(Enumerable.Range(0, 100).Select(i => $"Rule {i}: answer with care and in few words. "));
        await target.AskAsync(system, "Warm up.", 4, static () => { });
        var run = Random.Shared.Next(1000, 9999);
        var firsts = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, users).Select(user => Task.Run(async () =>
            {
                var asked = Stopwatch.GetTimestamp();
                long first = 0;
                await target.AskAsync(system, $"For guest {run}, question {round * users + user}?", 4, () => first = first == 0 ? Stopwatch.GetTimestamp() : first);
                lock (firsts) firsts.Add(Stopwatch.GetElapsedTime(asked, first).TotalMilliseconds);
            })));
        }
        firsts.Sort();
        Console.WriteLine($"prefix_first_token_p50_ms={firsts[firsts.Count / 2]:0.0} prefix_first_token_max_ms={firsts[^1]:0.0}");
    }
}
