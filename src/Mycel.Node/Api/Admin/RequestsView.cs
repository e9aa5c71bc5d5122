using Mycel.Node.Api.Live;
using Mycel.Node.Execution;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Admin;

/// <summary>Puts together what runs, what waits, and what ended lately.</summary>
internal sealed class RequestsView(RequestRunner runner, RequestLog requests)
{
    /// <summary>Models, and routes, that figures are given of at most: those with most requests.</summary>
    public const int MaxFigures = 50;

    /// <summary>As it is now; the figures are of all requests remembered.</summary>
    /// <param name="limit">Ended requests at most.</param>
    public RequestsReply Now(int limit)
    {
        var latest = requests.Latest(RequestLog.Capacity);
        return new RequestsReply(
            runner.Active(), [.. latest.Take(limit)], FiguresByModel(latest), FiguresBy(latest, record => record.Route ?? ""), latest.Count(record => !record.IsModelKnown));
    }

    /// <summary>Figures by model. A name that is only what a caller made up has none.</summary>
    public static IReadOnlyList<RequestFigures> FiguresByModel(IReadOnlyList<RouteRecord> records) => FiguresBy(records, record => record.IsModelKnown ? record.Model : "");

    /// <summary>Figures of requests that have something in common; those that have nothing to name are left out.</summary>
    public static IReadOnlyList<RequestFigures> FiguresBy(IReadOnlyList<RouteRecord> records, Func<RouteRecord, string> name) =>
        [.. records.GroupBy(name, StringComparer.Ordinal).Where(group => group.Key.Length > 0).Select(group => Figures(group.Key, [.. group])).OrderByDescending(f => f.Requests).Take(MaxFigures)];

    private static RequestFigures Figures(string name, IReadOnlyList<RouteRecord> records)
    {
        var first = records.Where(r => r.Status == 200 && r.TtftMs is not null).Select(r => r.TtftMs!.Value).Order().ToList();
        var whole = records.Where(r => r.Status == 200).Select(r => r.DurationMs).Order().ToList();
        var speeds = records.Select(r => SpeedOf(r)).OfType<double>().Order().ToList();
        return new RequestFigures(
            name, records.Count, records.Count(r => r.Status >= 500), Round(first, 0.5), Round(first, 0.99), Round(whole, 0.5), Round(whole, 0.99), Round(speeds, 0.5),
            records.Sum(r => r.CompletionTokens ?? 0));
    }

    /// <summary>Tokens written in a second, after the first; null where it cannot be told.</summary>
    private static double? SpeedOf(RouteRecord record) =>
        record is { Status: 200, CompletionTokens: > 1 and var tokens, TtftMs: { } first } && record.DurationMs - first is > 1 and var rest ? (tokens - 1) * 1000.0 / rest : null;

    private static double? Round(IReadOnlyList<double> sorted, double share) => LoadMath.Percentile(sorted, share) is { } value ? Math.Round(value, 2) : null;
}

/// <summary>How requests went that have a model or a route in common; times in milliseconds, of those that were answered.</summary>
/// <param name="Name">The model or route.</param>
/// <param name="Requests">How many.</param>
/// <param name="Failed">Of them, those with a status of 500 or more.</param>
/// <param name="TtftP50Ms">Median time to the first output.</param>
/// <param name="TtftP99Ms">The time to the first output that 99 of 100 keep within.</param>
/// <param name="DurationP50Ms">Median time to the end.</param>
/// <param name="DurationP99Ms">The time to the end that 99 of 100 keep within.</param>
/// <param name="TokensPerSecond">Median speed of an answer after its first token.</param>
/// <param name="CompletionTokens">Tokens written in all.</param>
internal sealed record RequestFigures(
    string Name, int Requests, int Failed, double? TtftP50Ms, double? TtftP99Ms, double? DurationP50Ms, double? DurationP99Ms, double? TokensPerSecond, long CompletionTokens);
