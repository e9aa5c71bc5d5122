using Mycel.Node.Backends;
using Mycel.Node.Configuration;

namespace Mycel.Node.Routing;

/// <summary>What a model name stands for: everything that can serve it.</summary>
internal sealed class ModelTarget
{
    /// <param name="name">The name that was asked for.</param>
    /// <param name="offers">What can serve it, the nearest first.</param>
    /// <param name="isOwn">Whether nothing of a peer is, and never will be, among the offers.</param>
    public ModelTarget(string name, IReadOnlyList<Offer> offers, bool isOwn = false)
    {
        Name = name;
        Offers = offers;
        IsOwn = isOwn;
        // Those known for long and one that has just come begin level.
        foreach (var offer in offers) Clock = Math.Max(Clock, offer.Figures.Turn);
    }

    /// <summary>The name that was asked for.</summary>
    public string Name { get; }

    public IReadOnlyList<Offer> Offers { get; }

    /// <summary>Whether it stands for what this node has itself: what a peer asks for is never passed on to another peer.</summary>
    public bool IsOwn { get; }

    /// <summary>The nearest place among the offers, as lists name it.</summary>
    public string Owner => Offers[0].Place switch { OfferPlace.Local => "local", OfferPlace.Relay => "relay", _ => "peer" };

    /// <summary>What the cheapest and the dearest of the offers cost.</summary>
    public (ModelPrice Least, ModelPrice Most) Prices
    {
        get
        {
            var prices = Offers.Select(o => o.Claims is { } claims ? new ModelPrice(claims.PromptPrice, claims.CompletionPrice) : default).ToList();
            return (prices.MinBy(Typical), prices.MaxBy(Typical));

            static double Typical(ModelPrice price) => (double)price.Prompt * OfferRanking.TypicalPromptTokens + (double)price.Completion * OfferRanking.TypicalTokens;
        }
    }

    /// <summary>Whether there is anything to choose.</summary>
    public bool HasChoice => Offers.Count > 1;

    /// <summary>The turn that was served last, see <see cref="OfferRanking"/>; kept by the dispatcher under its lock.</summary>
    public double Clock { get; set; }
}
