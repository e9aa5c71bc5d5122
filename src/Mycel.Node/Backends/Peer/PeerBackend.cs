using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Backends.Peer;

/// <summary>Another node, asked over its link.</summary>
internal sealed class PeerBackend : Backend
{
    private volatile IReadOnlyList<ModelOffer> _offers;

    /// <param name="peer">The node.</param>
    /// <param name="name">Its name, made unique among the peers.</param>
    /// <param name="offers">What it offers to this node.</param>
    /// <param name="links">The links.</param>
    /// <param name="time">The clock.</param>
    public PeerBackend(PeerId peer, string name, IReadOnlyList<ModelOffer> offers, ILinks links, TimeProvider time)
        : base("peer:" + name, time)
    {
        Peer = peer;
        Name = name;
        _offers = offers;
        Links = links;
    }

    public PeerId Peer { get; }

    public string Name { get; }

    /// <summary>Whether it is of this node's own account.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Round-trip time of its link; zero where it is not known.</summary>
    public TimeSpan RoundTrip => Links.Find(Peer)?.RoundTrip ?? TimeSpan.Zero;

    /// <summary>What it offers to this node, with the figures of its latest record.</summary>
    public IReadOnlyList<ModelOffer> Offers => _offers;

    private ILinks Links { get; }

    /// <summary>Its slots in all, as it says; at least one.</summary>
    public override int MaxConcurrent => 1;

    public override ValueTask<AttemptOutcome> AttemptAsync(BackendCall call, Offer offer, IReplySink sink) => throw new NotImplementedException();

    protected override Task<bool> LookAsync() => Task.FromResult(Links.Find(Peer) is not null);
}
