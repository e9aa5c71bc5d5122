using Mycel.Llama.Gguf;
using Mycel.Node.Backends;

namespace Mycel.Node.Routing;

/// <summary>
/// Says which of several offers serves a request. Each has a score, the seconds that an answer is expected to take, weighed; the lowest serves.
/// </summary>
/// <remarks>
/// <para>First those that answer: an offer whose backend failed a moment ago (it is cooling down) serves only where no other has a slot.</para>
/// <para>Then time: the measured time to the first token plus <see cref="TypicalTokens"/> at the measured rate, shared out by how many attempts
/// an answer takes, times one plus the load: a full backend counts twice as slow as an idle one, so that work spreads before anything is full.
/// What was not measured yet, or not used for long, is taken to be as good as the best, and so is tried, one request at a time.</para>
/// <para>Weights: <see cref="Backend.Reliability"/> for nodes of others that broke off before, <see cref="PlaceWeights"/> for what is further away, <see cref="TierWeight"/> for each step of quality below the best,
/// <see cref="SecondsPerMicroCredit"/> for the price of a typical request.</para>
/// <para>Offers within <see cref="Tie"/> of the best are equals. They take turns in proportion to their slots: each turn moves an offer's place on by
/// one part in as many as it has slots, and the one furthest behind is next. A conversation stays with the backend that
/// has its beginning in the cache, while that costs no more than <see cref="WarmTie"/>.</para>
/// </remarks>
internal static class OfferRanking
{
    /// <summary>Tokens of the answer that scores are made for.</summary>
    public const int TypicalTokens = 256;

    /// <summary>Tokens of the prompt that prices are reckoned with.</summary>
    public const int TypicalPromptTokens = 512;

    /// <summary>Seconds assumed where nothing at all is known of any offer.</summary>
    public const double UnknownSeconds = 1;

    /// <summary>Added to each time, in seconds, so that differences nobody feels do not count.</summary>
    public const double FloorSeconds = 0.02;

    /// <summary>Scores that differ by no more than this factor are equal.</summary>
    public const double Tie = 1.2;

    /// <summary>Factor by which a backend that has the conversation in its cache may be worse than the best.</summary>
    public const double WarmTie = 1.5;

    /// <summary>Factor for each step of quality (<see cref="ModelTier"/>) below the best offer's; none where the quality is not known.</summary>
    public const double TierWeight = 1.1;

    /// <summary>What one micro-credit of a typical request counts for, in seconds: 1,000 of them count like a second.</summary>
    public const double SecondsPerMicroCredit = 0.001;

    /// <summary>How many times sooner a full offer must be expected to answer, its line included, for a request to wait for it beside a free slot.</summary>
    public const double PatienceFactor = 2;

    /// <summary>Longest time, in seconds, that a request waits beside a free slot.</summary>
    public const double MaxPatienceSeconds = 30;

    /// <summary>What each request under way adds to the expected time of an offer of which nothing is known, beside others that are: it is tried one by one.</summary>
    private const double TrialWeight = 2;

    /// <summary>Fewest successes reckoned with, so that what failed often is still tried.</summary>
    private const double LeastSuccess = 0.2;

    /// <summary>Unused for so long, in milliseconds, figures are doubted; the longer, the slower they were, up to <see cref="MaxTrustMs"/>.</summary>
    private const long TrustMs = 30_000;

    private const long MaxTrustMs = 600_000;

    /// <summary>
    /// Factors for local models, relay devices, nodes of the own account and those of others (by <see cref="OfferPlace"/>). Each step is larger than
    /// <see cref="Tie"/>, and the first also than that and one failure: what is idle here is not sent away for a trifle.
    /// </summary>
    public static ReadOnlySpan<double> PlaceWeights => [1, 1.4, 1.4, 1.7];

    private static readonly string[] Tiers = [ModelTier.Tiny, ModelTier.Small, ModelTier.Medium, ModelTier.Large, ModelTier.Frontier];

    /// <summary>The best figures among several offers, against which each is held.</summary>
    /// <param name="FirstTokenSeconds">Shortest time to the first token; NaN where none is known.</param>
    /// <param name="TokensPerSecond">Highest rate; NaN where none is known.</param>
    /// <param name="Tier">Highest quality, as an index; -1 where none is known.</param>
    internal readonly record struct Best(double FirstTokenSeconds, double TokensPerSecond, int Tier);

    /// <summary>The best figures among several offers.</summary>
    public static Best BestOf(IReadOnlyList<Offer> offers)
    {
        var (first, rate, tier) = (double.NaN, double.NaN, -1);
        for (var i = 0; i < offers.Count; i++)
        {
            // Looked at first: a peer's record may be newer than its figures.
            _ = offers[i].Claims;
            var figures = offers[i].Figures;
            if (!(figures.FirstTokenSeconds >= first)) first = OrKnown(figures.FirstTokenSeconds, first);
            if (!(figures.TokensPerSecond <= rate)) rate = OrKnown(figures.TokensPerSecond, rate);
            tier = Math.Max(tier, TierOf(offers[i]));
        }
        return new Best(first, rate, tier);

        static double OrKnown(double candidate, double known) => double.IsNaN(candidate) ? known : candidate;
    }

    /// <summary>Seconds that an answer of <see cref="TypicalTokens"/> is expected to take once it is begun, by what is known.</summary>
    public static double ExpectedSeconds(Offer offer, in Best best)
    {
        var figures = offer.Figures;
        return Seconds(Known(figures.FirstTokenSeconds, best.FirstTokenSeconds), Known(figures.TokensPerSecond, best.TokensPerSecond));

        static double Known(double own, double others) => double.IsNaN(own) ? others : own;
    }

    /// <summary>An offer's score, in weighed seconds; the lowest is the best.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="best">The best figures of all that are compared.</param>
    /// <param name="now">The dispatcher's clock, in milliseconds.</param>
    public static double Score(Offer offer, in Best best, long now)
    {
        var figures = offer.Figures;
        var seconds = ExpectedSeconds(offer, best);
        if (!IsKnown(figures)) seconds *= 1 + TrialWeight * (IsKnown(best) ? figures.InFlight : 0);
        else if (IsDoubtful(offer, best, now)) seconds = Seconds(best.FirstTokenSeconds, best.TokensPerSecond);
        else seconds /= Math.Max(figures.SuccessShare, LeastSuccess);
        seconds *= (1 + offer.Load) * PlaceWeights[(int)offer.Place] / Math.Max(offer.Backend.Reliability, LeastSuccess);
        if (TierOf(offer) is >= 0 and var tier && tier < best.Tier) seconds *= Math.Pow(TierWeight, best.Tier - tier);
        return seconds + PriceSeconds(offer);
    }

    /// <summary>Whether figures are too old to count: nobody would ever learn that it has become faster.</summary>
    public static bool IsDoubtful(Offer offer, in Best best, long now)
    {
        var figures = offer.Figures;
        if (figures.InFlight > 0 || figures.LastUsedAt < 0 || !figures.IsMeasured || now - figures.LastUsedAt < TrustMs) return false;
        var slowness = ExpectedSeconds(offer, best) / Seconds(best.FirstTokenSeconds, best.TokensPerSecond) / Math.Max(figures.SuccessShare, LeastSuccess);
        // Those among the best are asked anyway as soon as there is work.
        return slowness > Tie && now - figures.LastUsedAt > Math.Min(TrustMs * slowness, MaxTrustMs);
    }

    private static bool IsKnown(OfferFigures figures) => !double.IsNaN(figures.FirstTokenSeconds) || !double.IsNaN(figures.TokensPerSecond);

    private static bool IsKnown(in Best best) => !double.IsNaN(best.FirstTokenSeconds) || !double.IsNaN(best.TokensPerSecond);

    /// <summary>What the price of a typical request counts for, in seconds.</summary>
    public static double PriceSeconds(Offer offer) => offer.Claims is not { } claims ? 0
        : ((double)claims.PromptPrice * TypicalPromptTokens + (double)claims.CompletionPrice * TypicalTokens) / 1e6 * SecondsPerMicroCredit;

    /// <summary>Chooses among the offers that have a slot.</summary>
    /// <param name="target">What was asked for.</param>
    /// <param name="tried">Backends that have refused this request already.</param>
    /// <param name="warm">The backend that has the conversation's beginning in its cache, or null.</param>
    /// <param name="now">The dispatcher's clock, in milliseconds.</param>
    /// <param name="anyLeft">Whether there is one that was not tried, with a slot or without.</param>
    public static Offer? Pick(ModelTarget target, IReadOnlyList<Backend> tried, Backend? warm, long now, out bool anyLeft)
    {
        if (!HasSlot(target, tried, out anyLeft)) return null;
        var best = BestOf(target.Offers);
        var (lowest, lowestCooling) = (double.MaxValue, double.MaxValue);
        Offer? lowestOffer = null, lowestCoolingOffer = null;
        var warmScore = double.MaxValue;
        Offer? warmOffer = null;
        for (var i = 0; i < target.Offers.Count; i++)
        {
            var offer = target.Offers[i];
            if (!IsFree(offer, tried)) continue;
            var score = Score(offer, best, now);
            if (offer.Backend.Health.IsCoolingDown)
            {
                if (score < lowestCooling) (lowestCooling, lowestCoolingOffer) = (score, offer);
                continue;
            }
            if (score < lowest) (lowest, lowestOffer) = (score, offer);
            if (offer.Backend == warm) (warmScore, warmOffer) = (score, offer);
        }
        if (warmOffer is not null && warmScore <= lowest * WarmTie) return warmOffer;
        var isCooling = lowestOffer is null;
        // Figures and health change meanwhile, so that nothing may be within the limit any more.
        return NextInTurn(target, tried, best, now, (isCooling ? lowestCooling : lowest) * Tie, isCooling) ?? lowestOffer ?? lowestCoolingOffer;
    }

    /// <summary>Whether waiting for a faster offer, which is full, gives the answer sooner than one that has a slot.</summary>
    /// <param name="target">What was asked for.</param>
    /// <param name="free">The best that has a slot.</param>
    /// <param name="ahead">Requests in line before this one.</param>
    /// <param name="waitedSeconds">Time that it has waited already.</param>
    /// <param name="now">The dispatcher's clock, in milliseconds.</param>
    public static bool IsWorthWaiting(ModelTarget target, Offer free, int ahead, double waitedSeconds, long now)
    {
        // What is not known yet is tried, once at a time.
        if (!IsKnown(free.Figures) && free.Figures.InFlight == 0) return false;
        var best = BestOf(target.Offers);
        var limit = Score(free, best, now) / PatienceFactor;
        for (var i = 0; i < target.Offers.Count; i++)
        {
            var offer = target.Offers[i];
            if (offer.HasSlot || !offer.Figures.IsMeasured || offer.Figures.InFlight == 0 || offer.Backend.Health.IsCoolingDown) continue;
            var seconds = Score(offer, best, now) / (1 + offer.Load);
            var wait = seconds * (ahead + 1) / Math.Max(1, offer.Weight);
            // What should have been free by now may never be.
            if (wait + seconds < limit && waitedSeconds <= Math.Min(wait * PatienceFactor, MaxPatienceSeconds)) return true;
        }
        return false;
    }

    private static bool IsFree(Offer offer, IReadOnlyList<Backend> tried) => offer.HasSlot && (tried.Count == 0 || !tried.Contains(offer.Backend));

    private static bool HasSlot(ModelTarget target, IReadOnlyList<Backend> tried, out bool anyLeft)
    {
        anyLeft = false;
        for (var i = 0; i < target.Offers.Count; i++)
        {
            if (tried.Count > 0 && tried.Contains(target.Offers[i].Backend)) continue;
            anyLeft = true;
            if (target.Offers[i].HasSlot) return true;
        }
        return false;
    }

    /// <summary>Of the equals the one whose turn is furthest behind, and of those the one with the lowest score.</summary>
    private static Offer? NextInTurn(ModelTarget target, IReadOnlyList<Backend> tried, in Best best, long now, double limit, bool isCooling)
    {
        Offer? next = null;
        var (nextTurn, nextScore) = (double.MaxValue, double.MaxValue);
        for (var i = 0; i < target.Offers.Count; i++)
        {
            var offer = target.Offers[i];
            if (!IsFree(offer, tried) || offer.Backend.Health.IsCoolingDown != isCooling) continue;
            var score = Score(offer, best, now);
            if (score > limit) continue;
            // One that was no equal for a while has no turns to catch up with.
            var turn = Math.Max(offer.Figures.Turn, target.Clock);
            if (turn > nextTurn || (turn == nextTurn && score >= nextScore)) continue;
            (next, nextTurn, nextScore) = (offer, turn, score);
        }
        return next;
    }

    /// <summary>Moves an offer's place on after its turn. What was measured of it too long ago is forgotten, to be measured anew.</summary>
    public static void TakeTurn(ModelTarget target, Offer offer, long now)
    {
        if (IsDoubtful(offer, BestOf(target.Offers), now)) offer.Figures.Forget();
        offer.Figures.LastUsedAt = now;
        target.Clock = Math.Max(offer.Figures.Turn, target.Clock);
        offer.Figures.Turn = target.Clock + 1.0 / Math.Max(1, offer.Weight);
    }

    private static double Seconds(double first, double rate)
    {
        if (double.IsNaN(first) && double.IsNaN(rate)) return UnknownSeconds + FloorSeconds;
        return (double.IsNaN(first) ? 0 : first) + (double.IsNaN(rate) ? 0 : TypicalTokens / rate) + FloorSeconds;
    }

    private static int TierOf(Offer offer) => offer.Tier is { } tier ? Array.IndexOf(Tiers, tier) : -1;
}
