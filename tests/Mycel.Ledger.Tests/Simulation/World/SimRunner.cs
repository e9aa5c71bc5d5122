using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Runs many seeds, one on each core at a time.</summary>
internal sealed class SimRunner
{
    private const int MaxFailures = 5;

    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<SimResult> _failures = new();
    private long _seeds;
    private long _steps;
    private TimeSpan _took;
    private TimeSpan _cpu;

    /// <summary>The first few that failed, each replayed once more to tell how.</summary>
    public IReadOnlyCollection<SimResult> Failures => _failures;

    /// <summary>Runs seeds from <paramref name="first"/> on until there were so many, the time is up, or a few failed.</summary>
    public void Run(ulong first, long seeds, TimeSpan time, Func<ulong, SimPlan>? planOf = null)
    {
        planOf ??= SimPlan.Of;
        long watch = Stopwatch.GetTimestamp();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long next = -1;
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            while (_failures.Count < MaxFailures && Stopwatch.GetElapsedTime(watch) < time)
            {
                long number = Interlocked.Increment(ref next);
                if (number >= seeds) return;
                Note(planOf(first + (ulong)number));
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        _took = Stopwatch.GetElapsedTime(watch);
        _cpu = Environment.CpuUsage.TotalTime - cpu;
    }

    /// <summary>Seeds, orders, pace and counts, a line each.</summary>
    public string Report()
    {
        long orders = _counts.GetValueOrDefault("orders");
        double minutes = Math.Max(_took.TotalMinutes, 1e-9), cpuMinutes = Math.Max(_cpu.TotalMinutes, 1e-9);
        var report = new StringBuilder();
        report.AppendLine(CultureInfo.InvariantCulture, $"seeds {_seeds:N0}, orders {orders:N0}, events {_steps:N0}, failures {_failures.Count}");
        report.AppendLine(CultureInfo.InvariantCulture, $"{_took.TotalSeconds:F1} s, {_cpu.TotalSeconds:F1} s of CPU: {orders / minutes:N0} orders a minute, {orders / cpuMinutes:N0} a minute of one core");
        report.AppendJoin(", ", _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:N0}")));
        return report.AppendLine().ToString();
    }

    private void Note(SimPlan plan)
    {
        SimResult result = SimWorld.Run(plan);
        Interlocked.Increment(ref _seeds);
        Interlocked.Add(ref _steps, result.Steps);
        foreach ((string what, long count) in result.Counts)
            _counts.AddOrUpdate(what, count, (_, sum) => sum + count);
        if (result.Failure is not null) _failures.Enqueue(SimWorld.Run(plan, keepTrace: true));
    }
}
