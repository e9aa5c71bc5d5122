using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Links;

namespace Mycel.Node.Tests.Networks;

/// <summary>Links that a test lists, and what was asked of them.</summary>
internal sealed class ListedLinks : ILinks
{
    public List<Link> All { get; } = [];

    public List<PeerId> Closed { get; } = [];

    public List<PeerId> Woken { get; } = [];

    public Dictionary<PeerId, Func<IReadOnlyList<string>>> Kept { get; } = [];

    IReadOnlyList<Link> ILinks.All => All;

    public event Action<Link>? Linked { add { } remove { } }

    public event Action<Link>? Dialled { add { } remove { } }

    public event Action<Link>? Unlinked { add { } remove { } }

    public event Action<PeerId>? Unreached { add { } remove { } }

    public Func<ProvenPeer, string?> Judge { get; set; } = _ => null;

    public IReadOnlyList<string> OwnAddresses => [];

    public Link? Find(PeerId peer) => All.Find(link => link.Id == peer);

    public Task<Link> ConnectAsync(PeerId peer, IReadOnlyList<string> addresses, CancellationToken cancellation) => throw new LinkException("none");

    public void Keep(PeerId peer, Func<IReadOnlyList<string>> addresses) => Kept.Add(peer, addresses);

    public void Wake(PeerId peer) => Woken.Add(peer);

    public void Release(PeerId peer) => Assert.True(Kept.Remove(peer));

    public Task CloseAsync(PeerId peer, string reason)
    {
        Closed.Add(peer);
        return Task.CompletedTask;
    }

    public void Observe(string address) => throw new NotSupportedException();

    public string? LastError(PeerId peer) => null;
}
