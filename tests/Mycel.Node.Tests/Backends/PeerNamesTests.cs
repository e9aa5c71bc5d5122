using System.Security.Cryptography;
using System.Text;
using Mycel.Identity;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Backends;

public sealed class PeerNamesTests
{
    private readonly Book _book = new();

    [Fact]
    public void A_stranger_cannot_take_the_name_of_an_own_node()
    {
        var own = Peer("own", "Mac Studio", isOwn: true);
        using var backends = new PeerBackends(_book, null!, TimeProvider.System);

        _book.All = [.. Enumerable.Range(0, 20).Select(i => Peer($"other {i}", "mac studio", isOwn: false)), own];
        backends.Read();

        Assert.Equal(own.Id, Assert.Single(backends.Linked, b => b.Name == "mac-studio").Peer);
        Assert.Equal(21, backends.Linked.Select(b => b.Route).Distinct().Count());
    }

    [Fact]
    public void Who_was_there_first_keeps_its_name()
    {
        var first = Peer("first", "box", isOwn: false);
        _book.All = [first];
        using var backends = new PeerBackends(_book, null!, TimeProvider.System);
        backends.Read();

        _book.All = [.. Enumerable.Range(0, 20).Select(i => Peer($"later {i}", "BOX", isOwn: false)), first];
        backends.Read();

        Assert.Equal(first.Id, Assert.Single(backends.Linked, b => b.Name == "box").Peer);
    }

    [Fact]
    public void A_name_made_of_another_ones_id_makes_no_two_of_one_name()
    {
        var a = Peer("a", "box", isOwn: false);
        var b = Peer("b", "box", isOwn: false);
        _book.All = [a, b, Peer("c", $"box-{a.Id.ToString()[..6]}", isOwn: true), Peer("d", $"box-{b.Id.ToString()[..6]}", isOwn: true)];
        using var backends = new PeerBackends(_book, null!, TimeProvider.System);
        backends.Read();

        Assert.Equal(4, backends.Linked.Select(x => x.Route).Distinct().Count());
    }

    private static PeerInfo Peer(string seed, string name, bool isOwn)
    {
        var id = new PeerId(SHA256.HashData(Encoding.UTF8.GetBytes(seed)));
        return new PeerInfo { Id = id, Account = new AccountId(id), Name = name, IsOwn = isOwn, IsGreeted = true, Record = new NodeRecord() };
    }

    private sealed class Book : IPeerBook
    {
        public IReadOnlyList<PeerInfo> All { get; set; } = [];

        public event Action? Changed
        {
            add { }
            remove { }
        }

        public PeerInfo? Find(PeerId peer) => All.FirstOrDefault(p => p.Id == peer);

        public PeerStanding? StandingOf(PeerId peer, out string? whyNot) => throw new NotSupportedException();
    }
}
