using System.Globalization;
using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Settlement;

namespace Mycel.Node.Backends.Peer;

/// <summary>Another node, asked over its link.</summary>
internal sealed class PeerBackend : Backend
{
    private static readonly IReadOnlyDictionary<string, NetworkId> NoNetworks = new Dictionary<string, NetworkId>();

    private readonly ILinks _links;
    private readonly PayingDesk? _desk;
    private volatile IReadOnlyList<ModelOffer> _offers = [];
    private volatile IReadOnlyDictionary<string, NetworkId> _networks = NoNetworks;
    private int _maxConcurrent;
    private double _reliability = 1;

    /// <param name="peer">The node.</param>
    /// <param name="name">Its name, made unique among the peers.</param>
    /// <param name="offers">What it offers to this node.</param>
    /// <param name="links">The links.</param>
    /// <param name="time">The clock.</param>
    /// <param name="desk">Orders what is to be paid; null where nothing is.</param>
    public PeerBackend(PeerId peer, string name, IReadOnlyList<ModelOffer> offers, ILinks links, TimeProvider time, PayingDesk? desk = null)
        : base("peer:" + name, time)
    {
        Peer = peer;
        Name = name;
        _links = links;
        _desk = desk;
        Update(offers);
    }

    public PeerId Peer { get; }

    public string Name { get; }

    /// <summary>Whether it is of this node's own account, and asks no price.</summary>
    public bool IsOwn { get; init; }

    /// <summary>What it offers to this node, with the figures of its latest record.</summary>
    public IReadOnlyList<ModelOffer> Offers => _offers;

    /// <summary>Its slots in all, as it says; at least one. What comes in beyond its free ones waits there.</summary>
    public override int MaxConcurrent => Volatile.Read(ref _maxConcurrent);

    /// <summary>Smoothed round-trip time of its link; zero where it is not known.</summary>
    public TimeSpan RoundTrip => _links.Find(Peer)?.RoundTrip ?? TimeSpan.Zero;

    /// <summary>Takes over what a newer record says.</summary>
    /// <param name="offers">What it offers to this node.</param>
    /// <param name="networks">The network in which each of them is asked for; none for those of the own account's nodes.</param>
    public void Update(IReadOnlyList<ModelOffer> offers, IReadOnlyDictionary<string, NetworkId>? networks = null)
    {
        _networks = networks ?? NoNetworks;
        _offers = offers;
        Volatile.Write(ref _maxConcurrent, (int)Math.Clamp(offers.Sum(o => (long)o.Slots), 1, 10_000));
        // What an earlier run has seen of it counts before this one has asked it anything.
        if (!IsOwn && _desk is not null) Volatile.Write(ref _reliability, _desk.ReliabilityOf(Peer));
    }

    public override double Reliability => Volatile.Read(ref _reliability);

    public override async ValueTask<AttemptOutcome> AttemptAsync(BackendCall call, Offer offer, IReplySink sink)
    {
        var outcome = _links.Find(Peer) is { } link
            ? await new PeerAttempt(Name, link, _networks.TryGetValue(offer.ModelId, out var network) ? network : null, call, offer, sink, _desk).RunAsync()
            : new AttemptOutcome(AttemptKind.Refused, new Refusal(502, "upstream_unreachable", $"The node '{Name}' is not linked at the moment."));
        switch (outcome.Kind)
        {
            case AttemptKind.Completed or AttemptKind.Rejected:
                Health.RecordSuccess();
                break;
            case AttemptKind.Refused when outcome.Refusal!.IsFromHere:
                // It was not even asked.
                break;
            case AttemptKind.Refused when outcome.Refusal!.Status is StatusCodes.Status402PaymentRequired or StatusCodes.Status409Conflict:
                // It is there, and does its work for whoever pays for it.
                break;
            case AttemptKind.Refused when outcome.Refusal!.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable:
                Health.RecordBusy(int.TryParse(outcome.Refusal.RetryAfter, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null);
                break;
            case AttemptKind.Refused or AttemptKind.Broken:
                Health.RecordFailure(outcome.Refusal!.Message);
                break;
        }
        Remember(outcome, sink.Pace);
        return outcome;
    }

    /// <summary>Keeps what was seen of another account's node beyond this run.</summary>
    private void Remember(AttemptOutcome outcome, ReplyPace pace)
    {
        if (IsOwn || _desk is null) return;
        bool? isSuccess = outcome switch
        {
            { Kind: AttemptKind.Completed } => true,
            { Kind: AttemptKind.Broken } or { Kind: AttemptKind.Refused, Refusal: { IsFromHere: false, Status: >= 500 and not StatusCodes.Status503ServiceUnavailable } } => false,
            _ => null,
        };
        if (isSuccess is null && pace == default) return;
        _desk.Observe(Peer, new Observation { IsSuccess = isSuccess, FirstTokenMs = pace.FirstToken?.TotalMilliseconds, TokensPerSecond = pace.TokensPerSecond });
        Volatile.Write(ref _reliability, _desk.ReliabilityOf(Peer));
    }

    /// <summary>A link that is silent while something waits on it ends by itself within seconds, so its being there is the answer.</summary>
    protected override Task<bool> LookAsync() => Task.FromResult(_links.Find(Peer) is not null);
}
