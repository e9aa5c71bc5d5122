using System.Security.Cryptography;
using System.Text;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Tests.Routing;

/// <summary>Peers that are never connected to.</summary>
internal static class TestPeers
{
    public static readonly ILinks NoLinks = new NoLinksAtAll();

    /// <summary>The id that a name stands for.</summary>
    public static PeerId IdOf(string name) => PeerId.FromPublicKey(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public static PeerBackend Linked(string name, params ModelOffer[] offers) => new(IdOf(name), name, offers, NoLinks, TimeProvider.System);

    public static PeerBackend Linked(string name, params string[] models) => Linked(name, [.. models.Select(m => new ModelOffer { Name = m, Slots = 4, FreeSlots = 4 })]);

    private sealed class NoLinksAtAll : ILinks
    {
        public IReadOnlyList<Link> All => [];

        public event Action<Link>? Linked { add { } remove { } }

        public event Action<Link>? Dialled { add { } remove { } }

        public event Action<Link>? Unlinked { add { } remove { } }

        public event Action<PeerId>? Unreached { add { } remove { } }

        public Func<ProvenPeer, string?> Judge { get; set; } = _ => null;

        public IReadOnlyList<string> OwnAddresses => [];

        public Link? Find(PeerId peer) => null;

        public Task<Link> ConnectAsync(PeerId peer, IReadOnlyList<string> addresses, CancellationToken cancellation) => throw new LinkException("nobody is there");

        public void Keep(PeerId peer, Func<IReadOnlyList<string>> addresses)
        {
        }

        public void Wake(PeerId peer)
        {
        }

        public void Release(PeerId peer)
        {
        }

        public Task CloseAsync(PeerId peer, string reason) => Task.CompletedTask;

        public void Observe(string address)
        {
        }

        public string? LastError(PeerId peer) => "nobody is there";
    }
}
