using System.Globalization;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Routing;

namespace Mycel.Node.Api.Admin;

/// <summary>Tells where a request for a model would go now, and why nowhere else.</summary>
/// <param name="catalog">The models.</param>
/// <param name="dispatcher">Whose choice it is.</param>
/// <param name="devices">The relay devices, online or not.</param>
/// <param name="book">The nodes known; null where this one is in no network.</param>
/// <param name="links">The links; null where there are none.</param>
internal sealed class RoutePlanner(ModelCatalog catalog, Dispatcher dispatcher, Func<IReadOnlyList<RelayDevice>> devices, IPeerBook? book, ILinks? links)
{
    /// <summary>The plan for a name; null for one that nobody here or in the networks has ever offered.</summary>
    public PlanReply? Plan(string name)
    {
        var target = catalog.Find(name);
        var refused = new List<RefusedReply>();
        var ranking = target is null ? [] : Rank(target, refused);
        refused.AddRange(OfflineDevices(name));
        // What was asked for by a place is served by no other.
        if (!IsPinned(name)) refused.AddRange(OtherPeers(name, target));
        return target is null && refused.Count == 0 ? null : new PlanReply(name, ranking, refused);
    }

    private List<RankedReply> Rank(ModelTarget target, List<RefusedReply> refused)
    {
        var now = dispatcher.Now;
        var best = OfferRanking.BestOf(target.Offers);
        var sessions = dispatcher.SessionsOf(target.Name);
        var ranking = new List<RankedReply>();
        foreach (var offer in target.Offers.OrderBy(o => OfferRanking.Score(o, best, now)))
        {
            if (WhyNot(offer) is { } reason) refused.Add(new RefusedReply(offer.Backend.Route, reason));
            else ranking.Add(ReplyOf(offer, ranking.Count + 1, best, now, sessions.GetValueOrDefault(offer.Backend)));
        }
        return ranking;
    }

    /// <summary>Why an offer would not be asked first, in a sentence; null where it could be.</summary>
    private static string? WhyNot(Offer offer)
    {
        if (!offer.HasSlot) return $"No slot is free: {offer.Figures.InFlight} requests of {offer.Slots} for this model, {offer.Backend.InFlight} of {offer.Backend.MaxConcurrent} in all.";
        if (offer.Backend.Health.IsCoolingDown)
            return $"It is cooling down and asked only when no other has a slot: {offer.Backend.Health.LastError ?? "it said that it is busy"}";
        return null;
    }

    private static RankedReply ReplyOf(Offer offer, int rank, in OfferRanking.Best best, long now, int sessions)
    {
        var figures = offer.Figures;
        return new RankedReply(
            offer.Backend.Route, offer.ModelId, rank, Math.Round(OfferRanking.Score(offer, best, now), 3), PlaceOf(offer), Reasons(offer, best),
            figures.InFlight, offer.Slots, Math.Round(offer.Load, 3), Rounded(figures.FirstTokenSeconds * 1000), Rounded(figures.TokensPerSecond), figures.IsMeasured,
            Math.Round(figures.SuccessShare, 3), string.IsNullOrEmpty(offer.Tier) ? null : offer.Tier, offer.Claims?.PromptPrice ?? 0, offer.Claims?.CompletionPrice ?? 0, sessions);
    }

    private static List<string> Reasons(Offer offer, in OfferRanking.Best best)
    {
        var figures = offer.Figures;
        var reasons = new List<string>();
        var isKnown = !double.IsNaN(figures.FirstTokenSeconds) || !double.IsNaN(figures.TokensPerSecond);
        var expected = OfferRanking.ExpectedSeconds(offer, best);
        reasons.Add(!isKnown ? "nothing is measured yet: taken to be as good as the best, and so tried"
            : Text($"{OfferRanking.TypicalTokens} tokens take {expected:0.##} s, {(figures.IsMeasured ? "as measured" : "as it says itself")}"));
        if (offer.Load > 0) reasons.Add(Text($"{offer.Load:P0} full"));
        if (OfferRanking.PlaceWeights[(int)offer.Place] is > 1 and var weight) reasons.Add(Text($"further away: counted {weight:0.##} times"));
        if (figures.SuccessShare < 1) reasons.Add(Text($"{figures.SuccessShare:P0} of the latest answers were whole"));
        if (OfferRanking.PriceSeconds(offer) is > 0 and var price) reasons.Add(Text($"its price counts like {price:0.##} s"));
        return reasons;

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private static string PlaceOf(Offer offer) => offer.Place switch { OfferPlace.Local => "local", OfferPlace.Relay => "relay", OfferPlace.OwnPeer => "own peer", _ => "peer" };

    private IEnumerable<RefusedReply> OfflineDevices(string name)
    {
        foreach (var device in devices().Where(d => !d.IsOnline && Names(d).Contains(name, StringComparer.Ordinal)))
            yield return new RefusedReply(device.Route, $"It is offline: {device.PollError ?? "it was not reached yet"}");
    }

    private static IEnumerable<string> Names(RelayDevice device) =>
        from model in device.Models
        let bare = ModelCatalog.BareName(model)
        from name in new[] { bare, ModelCatalog.RelayPrefix + bare, $"{device.Route}:{bare}" }
        select name;

    private IEnumerable<RefusedReply> OtherPeers(string name, ModelTarget? target)
    {
        var asked = target?.Offers.Select(o => o.Backend).OfType<PeerBackend>().Select(p => p.Peer).ToHashSet() ?? [];
        foreach (var peer in book?.All ?? [])
        {
            if (asked.Contains(peer.Id) || peer.Record is not { } record || !record.Models.Any(m => m.Name == name)) continue;
            var reason = !peer.MayServe ? "It may not serve: its account did not give it that role."
                : peer.IsGreeted ? "It has the model, and does not share it with this node."
                : links?.LastError(peer.Id) is { } error ? $"It is not linked: {error}" : "It is not linked.";
            yield return new RefusedReply("peer:" + peer.Name, reason);
        }
    }

    private static bool IsPinned(string name) =>
        name.StartsWith(ModelCatalog.RelayPrefix, StringComparison.Ordinal) || name.StartsWith(ModelCatalog.LocalPrefix, StringComparison.Ordinal)
        || name.StartsWith(ModelCatalog.PeerPrefix, StringComparison.Ordinal);

    private static double? Rounded(double value) => double.IsNaN(value) ? null : Math.Round(value, 1);
}
