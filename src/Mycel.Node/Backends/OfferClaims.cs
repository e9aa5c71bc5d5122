using Mycel.Node.Links.Wire;

namespace Mycel.Node.Backends;

/// <summary>What another node says of a model that it offers. Believed only until this node has measured itself.</summary>
internal sealed record OfferClaims
{
    /// <summary>Most slots of one model that count where requests are spread: nobody should draw all of them by a large number.</summary>
    public const int MaxWeight = 256;

    /// <summary>Most requests at once that a peer is sent for one model, whatever it says.</summary>
    public const int MaxSlots = 10_000;

    /// <summary>Requests at once, at least 1.</summary>
    public required int Slots { get; init; }

    /// <summary>The slots that count beside those of others, 1 to <see cref="MaxWeight"/>.</summary>
    public int Weight => Math.Min(Slots, MaxWeight);

    /// <summary>Of these, taken by others than this node when it told so.</summary>
    public int TakenByOthers { get; init; }

    /// <summary>Seconds to the first output, the way there and back included; NaN where it is not known.</summary>
    public double FirstTokenSeconds { get; init; } = double.NaN;

    /// <summary>Tokens a second of one answer; NaN where it is not known.</summary>
    public double TokensPerSecond { get; init; } = double.NaN;

    /// <summary>Tokens that a request may use; null where it is not known.</summary>
    public long? ContextLength { get; init; }

    /// <summary>Whether it embeds texts.</summary>
    public bool IsEmbedding { get; init; }

    /// <summary>Micro-credits for a million tokens of the prompt; 0 between nodes of one account.</summary>
    public long PromptPrice { get; init; }

    /// <summary>Micro-credits for a million tokens of the answer; 0 between nodes of one account.</summary>
    public long CompletionPrice { get; init; }

    /// <summary>Takes what a record says, each figure only where it makes sense.</summary>
    /// <param name="offer">The record's words.</param>
    /// <param name="roundTrip">The link's round-trip time.</param>
    /// <param name="isFree">Whether it is of the own account.</param>
    /// <param name="inFlight">Requests of this node that it has now.</param>
    public static OfferClaims Of(ModelOffer offer, TimeSpan roundTrip, bool isFree, int inFlight)
    {
        var slots = (int)Math.Clamp(offer.Slots, 1, MaxSlots);
        var free = (int)Math.Min(offer.FreeSlots, (uint)slots);
        var first = offer.FirstTokenMs is > 0 and < 1e9 ? offer.FirstTokenMs / 1000 : double.NaN;
        return new OfferClaims
        {
            Slots = slots,
            TakenByOthers = Math.Max(0, slots - free - inFlight),
            FirstTokenSeconds = first + roundTrip.TotalSeconds,
            TokensPerSecond = offer.TokensPerSecond is > 0 and < 1e6 ? offer.TokensPerSecond : double.NaN,
            ContextLength = offer.ContextLength > 0 ? offer.ContextLength : null,
            IsEmbedding = offer.IsEmbedding,
            PromptPrice = isFree ? 0 : Math.Max(0, offer.PromptPrice),
            CompletionPrice = isFree ? 0 : Math.Max(0, offer.CompletionPrice),
        };
    }
}
