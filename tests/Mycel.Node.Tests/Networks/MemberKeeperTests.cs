using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>Which nodes are kept linked.</summary>
public sealed class MemberKeeperTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestFolder _folder = new();
    private readonly TestPeer _self;
    private readonly TestPeer _friend;
    private readonly ListedLinks _links = new();
    private readonly RevocationBook _revocations;
    private readonly PeerBook _book;
    private readonly FixedOptions _options = new(new MycelOptions());
    private readonly NetworkCharter _charter;
    private readonly NearbyNodes _nearby;
    private readonly MemberKeeper _keeper;
    private PeerId? _ledger;

    public MemberKeeperTests()
    {
        _self = new TestPeer(_time);
        _friend = new TestPeer(_time);
        _revocations = new RevocationBook(_self.Identity, _folder.File("revoked"), NullLogger<RevocationBook>.Instance);
        _book = new PeerBook(_self.Identity, _revocations, _time);
        _charter = NetworkCharter.Issue(_self.Identity.Account!, "friends", isPublic: false);
        _nearby = new NearbyNodes(_time);
        _keeper = new MemberKeeper(_self.Identity, _book, _revocations, _nearby, peer => peer.Id == _ledger, _links, _options, _time);
    }

    [Fact]
    public void The_nodes_of_an_invite_are_kept_until_the_network_is_left_and_never_this_one()
    {
        var first = Id(1);
        Join(new InviteAddress(first, ["192.0.2.1:1", "192.0.2.1:2"]), new InviteAddress(_self.Id, ["192.0.2.2:1"]));
        _keeper.Refresh();
        Assert.Equal(["192.0.2.1:1", "192.0.2.1:2"], Assert.Single(_links.Kept, kept => kept.Key == first).Value());
        Assert.Single(_links.Kept);

        _book.SetNetworks(JoinedNetworks.None);
        _keeper.Refresh();

        Assert.Empty(_links.Kept);
    }

    [Fact]
    public void No_more_are_kept_than_half_of_the_links_there_may_be_and_those_seen_last_come_first()
    {
        Join();
        _book.Restore(Enumerable.Range(1, 20).Select(Stored));
        _options.Current = _options.Current with { Links = _options.Current.Links with { MaxLinks = 10 } };

        _keeper.Refresh();

        Assert.Equal(Enumerable.Range(16, 5).Select(Id).ToHashSet(), _links.Kept.Keys.ToHashSet());
    }

    [Fact]
    public void Own_nodes_and_who_keeps_a_ledger_come_before_all_others_and_own_ones_take_as_many_links_as_there_may_be()
    {
        Join();
        _ledger = Id(3);
        using var own = new TestPeer(_time, _self.Identity.Account);
        using var another = new TestPeer(_time, _self.Identity.Account);
        StoredPeer[] all = [.. Enumerable.Range(1, 20).Select(Stored), .. new[] { own, another }.Select(peer => Stored(0) with { Id = peer.Id.ToString(), Account = peer.Account.ToString() })];
        _book.Restore(all);
        _options.Current = _options.Current with { Links = _options.Current.Links with { MaxLinks = 8 } };
        _keeper.Refresh();
        Assert.Equal(new HashSet<PeerId> { own.Id, another.Id, Id(3), Id(20) }, _links.Kept.Keys.ToHashSet());

        _options.Current = _options.Current with { Links = _options.Current.Links with { MaxLinks = 2 } };
        _keeper.Refresh();
        Assert.Equal(new HashSet<PeerId> { own.Id, another.Id }, _links.Kept.Keys.ToHashSet());
    }

    [Fact]
    public void Of_nodes_only_heard_of_so_many_are_dialled_and_not_for_ever()
    {
        _options.Current = _options.Current with { Links = _options.Current.Links with { MaxLinks = 1024 } };
        Join();
        Greet();
        for (var i = 0; i < MemberKeeper.MaxUnproven + 6; i++) Hear();

        _keeper.Refresh();

        Assert.Equal(MemberKeeper.MaxUnproven + 1, _links.Kept.Count);
        var before = _links.Kept.Keys.ToHashSet();
        _time.Advance(MemberKeeper.Patience);
        _keeper.Refresh();
        Assert.Equal(7, _links.Kept.Count);
        Assert.Equal([_friend.Id], _links.Kept.Keys.Where(before.Contains));
    }

    [Fact]
    public void One_that_shows_nothing_in_common_rests_until_it_does()
    {
        Join(new InviteAddress(_friend.Id, ["192.0.2.1:1"]));
        _keeper.Refresh();

        _keeper.Pause(_friend.Id);
        Assert.Empty(_links.Kept);

        Greet();
        _keeper.Refresh();
        Assert.Single(_links.Kept);
        _keeper.Pause(_friend.Id);
        _book.Unlink(_friend.Id);
        _time.Advance(MemberKeeper.Rest);
        _keeper.Refresh();
        Assert.Single(_links.Kept);
    }

    [Fact]
    public void One_that_was_cast_out_is_not_dialled()
    {
        Join();
        Greet();
        using var other = new TestPeer(_time, _friend.Identity.Account);
        _keeper.Refresh();
        Assert.Single(_links.Kept);

        _revocations.Accept(other.Identity.Revoke(_friend.Id));
        _keeper.Refresh();

        Assert.Empty(_links.Kept);
    }

    [Fact]
    public void An_own_node_that_is_near_is_kept_without_any_network_and_dialled_where_it_was_heard_first()
    {
        using var sibling = new TestPeer(_time, _self.Identity.Account);
        _book.Restore([Stored(7) with { Id = sibling.Id.ToString(), Account = sibling.Account.ToString() }]);
        _nearby.Hear(sibling.Id, 1, ["192.0.2.77:8421"]);
        _nearby.Hear(Id(9), 1, ["192.0.2.9:8421"]);
        _nearby.Hear(_self.Id, 1, ["192.0.2.10:8421"]);

        _keeper.Refresh();

        Assert.Equal([sibling.Id, Id(9)], _links.Kept.Keys.OrderBy(id => id == Id(9)));
        Assert.Equal(["192.0.2.77:8421", "192.0.2.1:1"], _links.Kept[sibling.Id]());
        _time.Advance(NearbyNodes.Life + TimeSpan.FromSeconds(1));
        _keeper.Refresh();
        Assert.Equal([sibling.Id], _links.Kept.Keys);
    }

    [Fact]
    public void One_that_rests_is_tried_again_when_it_is_heard_near_by_and_never_one_that_was_cast_out()
    {
        using var sibling = new TestPeer(_time, _self.Identity.Account);
        _nearby.Hear(sibling.Id, 1, ["192.0.2.77:8421"]);
        _keeper.Pause(sibling.Id);
        Assert.Empty(_links.Kept);

        _keeper.Meet(sibling.Id);
        Assert.Single(_links.Kept);

        _revocations.Accept(_self.Identity.Revoke(sibling.Id));
        _keeper.Meet(sibling.Id);
        Assert.Empty(_links.Kept);
    }

    public void Dispose()
    {
        _self.Dispose();
        _friend.Dispose();
        _folder.Dispose();
    }

    private static PeerId Id(int number) => PeerId.Parse(number.ToString("x64", null));

    private StoredPeer Stored(int number) => new()
    {
        Id = Id(number).ToString(),
        Account = _friend.Account.ToString(),
        Name = "n" + number,
        Networks = [_charter.Id.ToString()],
        Addresses = ["192.0.2.1:1"],
        LastSeen = _time.GetUtcNow().AddMinutes(number - 60),
    };

    private void Join(params InviteAddress[] nodes) => _book.SetNetworks(new JoinedNetworks([new JoinedNetwork(_charter, null, nodes)]));

    private void Greet()
    {
        var proof = _friend.ProofIn(_book.Networks.All[0], _self.Identity);
        Assert.True(_book.Greet(_friend.Proven, new Dictionary<NetworkId, NetworkProof> { [_charter.Id] = proof }, null, "", isMutual: true));
    }

    private void Hear()
    {
        using var folder = new TestFolder();
        using var device = DeviceKey.LoadOrCreate(folder.Path);
        Assert.Equal(1, _book.Take(_friend.Id, [NodeRecords.Sign(device, Records.Make(device.PublicKey, _friend.Identity.Certificate.AccountKey, _time.GetUtcNow(), 1, [_charter.Id], null))]));
    }
}
