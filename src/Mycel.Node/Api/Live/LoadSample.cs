using System.Text.Json.Serialization;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Live;

/// <summary>How much the node had to do at a moment; counts are since its start.</summary>
/// <param name="At">The moment.</param>
/// <param name="Requests">Requests that ended.</param>
/// <param name="Failed">Of them, those that failed: a status of 500 or more, or broken off.</param>
/// <param name="PromptTokens">Tokens read.</param>
/// <param name="CompletionTokens">Tokens written.</param>
/// <param name="Active">Requests under way.</param>
/// <param name="Queued">Of them, those that wait for a slot.</param>
/// <param name="TtftMs">Median time to the first output of the requests that ended since the sample before, in milliseconds; null for none.</param>
/// <param name="Earned">Micro-credits that others agreed to pay.</param>
/// <param name="Spent">Micro-credits that this node agreed to pay.</param>
internal sealed record LoadSample(
    DateTimeOffset At, long Requests, long Failed, long PromptTokens, long CompletionTokens, int Active, int Queued, double? TtftMs, long Earned, long Spent);

/// <summary>The samples of the past hour.</summary>
/// <param name="IntervalS">Seconds between two.</param>
/// <param name="Samples">The oldest first.</param>
internal sealed record LoadHistoryReply(int IntervalS, IReadOnlyList<LoadSample> Samples);

/// <summary>Reckons with the requests that ended.</summary>
internal static class LoadMath
{
    /// <summary>The median time to the first output of requests that ended after a moment; null for none.</summary>
    public static double? MedianTtft(IReadOnlyList<RouteRecord> latest, DateTimeOffset after)
    {
        var times = latest.Where(record => record.TtftMs is not null && record.StartedAt.AddMilliseconds(record.DurationMs) > after).Select(record => record.TtftMs!.Value).Order().ToList();
        return Percentile(times, 0.5) is { } median ? Math.Round(median, 2) : null;
    }

    /// <summary>The value that so great a share lies at or below, by the nearest rank; null for none.</summary>
    /// <param name="sorted">The least first.</param>
    /// <param name="share">Over 0, to 1.</param>
    public static double? Percentile(IReadOnlyList<double> sorted, double share) =>
        sorted.Count == 0 ? null : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LoadSample))]
[JsonSerializable(typeof(LoadHistoryReply))]
internal sealed partial class LiveJson : JsonSerializerContext;
