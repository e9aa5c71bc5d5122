using System.Text.Encodings.Web;
using System.Text.Json;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Links.Wire;
using Mycel.Node.Observability;

namespace Mycel.Node.Backends;

/// <summary>How near a backend is to the one who asks.</summary>
internal enum OfferPlace
{
    /// <summary>Computed by this node.</summary>
    Local,

    /// <summary>On a relay device of this node.</summary>
    Relay,

    /// <summary>On another node of the same account.</summary>
    OwnPeer,

    /// <summary>On a node of someone else.</summary>
    Peer,
}

/// <summary>A model on a backend.</summary>
/// <param name="backend">What serves it.</param>
/// <param name="modelId">The model's name as the backend knows it.</param>
/// <param name="metrics">Where its requests are counted; asked for at the first, since there are more offers than are ever used.</param>
/// <param name="figures">What is measured of it; null for a new one.</param>
/// <param name="place">Where it is.</param>
internal sealed class Offer(Backend backend, string modelId, Func<RouteMetrics> metrics, OfferFigures? figures = null, OfferPlace place = OfferPlace.Local)
{
    private volatile IReadOnlyList<ModelOffer>? _claimedIn;
    private volatile RouteMetrics? _metrics;

    /// <param name="backend">What serves it.</param>
    /// <param name="modelId">The model's name as the backend knows it.</param>
    /// <param name="metrics">Where its requests are counted.</param>
    /// <param name="figures">What is measured of it; null for a new one.</param>
    /// <param name="place">Where it is.</param>
    public Offer(Backend backend, string modelId, RouteMetrics metrics, OfferFigures? figures = null, OfferPlace place = OfferPlace.Local)
        : this(backend, modelId, () => metrics, figures, place)
    {
    }

    public Backend Backend { get; } = backend;

    /// <summary>The model's name as the backend knows it.</summary>
    public string ModelId { get; } = modelId;

    /// <summary>The same as a JSON string, quotes included.</summary>
    public byte[] ModelIdJson { get; } = [(byte)'"', .. JsonEncodedText.Encode(modelId, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];

    public RouteMetrics Metrics => _metrics ??= metrics();

    public OfferFigures Figures { get; } = figures ?? new OfferFigures();

    public OfferPlace Place { get; } = place;

    /// <summary>Its quality, one of <see cref="Llama.Gguf.ModelTier"/>; null where it is not known.</summary>
    public string? Tier { get; set; }

    /// <summary>Requests at once for this model: the backend's bound, and that of the model where it has one.</summary>
    public int Slots => Claims is { } claims ? Math.Min(claims.Slots, Backend.MaxConcurrent) : Backend.MaxConcurrent;

    /// <summary>The slots that count where requests are spread: what a peer only says of itself counts up to a bound.</summary>
    public int Weight => Claims is { } claims ? Math.Min(claims.Weight, Backend.MaxConcurrent) : Backend.MaxConcurrent;

    /// <summary>Whether one more request may be sent. Whose slots others take as well may have none left, and says so itself.</summary>
    public bool HasSlot => Backend.InFlight < Backend.MaxConcurrent && (Claims is not { } claims || Figures.InFlight < claims.Slots);

    /// <summary>How full it is: 0 for idle, 1 for full, more where others' requests wait there as well.</summary>
    public double Load
    {
        get
        {
            var backend = (double)Backend.InFlight / Math.Max(1, Backend.MaxConcurrent);
            return Claims is { } claims ? Math.Max(backend, (double)(Figures.InFlight + claims.TakenByOthers) / claims.Weight) : backend;
        }
    }

    /// <summary>What the backend says of the model in its latest record; null for one that says nothing.</summary>
    public OfferClaims? Claims
    {
        get
        {
            // Records come by themselves, several times a second from a busy peer: a glance tells whether there is a newer one.
            if (Backend is PeerBackend peer && peer.Offers is var offers && offers != _claimedIn) Read(peer, offers);
            return Figures.Claims;
        }
    }

    private void Read(PeerBackend peer, IReadOnlyList<ModelOffer> offers)
    {
        _claimedIn = offers;
        if (offers.FirstOrDefault(o => o.Name == ModelId) is { } said) Figures.Claims = OfferClaims.Of(said, peer.RoundTrip, peer.IsOwn, Figures.InFlight);
    }
}
