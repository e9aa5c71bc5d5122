using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>How long those that prove nothing stay, and how many.</summary>
public sealed class StrangersTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestPeer _self;
    private readonly TestFolder _folder = new();
    private readonly ListedLinks _links = new();
    private readonly PeerBook _book;
    private readonly Strangers _strangers;

    public StrangersTests()
    {
        _self = new TestPeer(_time);
        _book = new PeerBook(_self.Identity, new RevocationBook(_self.Identity, _folder.File("revoked"), NullLogger<RevocationBook>.Instance), _time);
        _strangers = new Strangers(_book, _links, _time, NullLogger<Strangers>.Instance);
    }

    [Fact]
    public void A_stranger_is_closed_after_its_time_and_a_member_stays()
    {
        using var laptop = new TestPeer(_time, _self.Identity.Account);
        var stranger = Link();
        _links.All.Add(new Link(new LinkConnection(null!, laptop.Proven, Carrier.Quic, isDialled: false), prefersOwnDial: true, _time));
        _book.Greet(laptop.Proven, new Dictionary<NetworkId, NetworkProof>(), null, "", isMutual: true);
        _strangers.Sweep();
        _time.Advance(Strangers.Stay - TimeSpan.FromSeconds(1));
        _strangers.Sweep();
        Assert.Empty(_links.Closed);

        _time.Advance(TimeSpan.FromSeconds(1));
        _strangers.Sweep();

        Assert.Equal([stranger.Id], _links.Closed);
    }

    [Fact]
    public void Of_too_many_strangers_those_that_came_first_make_way()
    {
        var first = Link();
        _strangers.Sweep();
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 1; i < Strangers.Max; i++) Link();
        _strangers.Sweep();
        Assert.Empty(_links.Closed);

        Link();
        _time.Advance(TimeSpan.FromSeconds(1));
        _strangers.Sweep();

        Assert.Equal([first.Id], _links.Closed);
    }

    public void Dispose()
    {
        _self.Dispose();
        _folder.Dispose();
    }

    private Link Link()
    {
        using var account = AccountKey.Create();
        Span<byte> key = stackalloc byte[32];
        System.Security.Cryptography.RandomNumberGenerator.Fill(key);
        var peer = new ProvenPeer(DeviceCertificate.Issue(account, key, "stranger", DeviceRoles.All, 1, _time.GetUtcNow(), TimeSpan.FromDays(1)));
        var link = new Link(new LinkConnection(null!, peer, Carrier.Quic, isDialled: false), prefersOwnDial: true, _time);
        _links.All.Add(link);
        return link;
    }
}
