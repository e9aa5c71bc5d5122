using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>What is believed of other nodes, from whom, and what they may ask for.</summary>
public sealed class PeerBookTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestFolder _folder = new();
    private readonly List<IDisposable> _made = [];
    private readonly TestPeer _self;
    private readonly RevocationBook _revocations;
    private readonly PeerBook _book;
    private readonly JoinedNetwork _network;

    public PeerBookTests()
    {
        _self = Peer();
        _revocations = new RevocationBook(_self.Identity, _folder.File("revoked"), NullLogger<RevocationBook>.Instance);
        _book = new PeerBook(_self.Identity, _revocations, _time);
        _network = new JoinedNetwork(NetworkCharter.Issue(_self.Identity.Account!, "friends", isPublic: false), null, []);
        _book.SetNetworks(new JoinedNetworks([_network]));
    }

    private NetworkId Network => _network.Charter.Id;

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void A_greeted_member_may_ask_and_its_record_shows_what_it_offers_here()
    {
        var elsewhere = Peer();
        var friend = Greeted();

        _book.Take(friend.Id, [friend.Record(Now, 5, [Network], record => record.Models.AddRange([Records.Offer("here", Network), Records.Offer("there", new NetworkId(elsewhere.Id)), Records.Offer("home")]))]);

        var info = _book.Find(friend.Id)!;
        Assert.Equal(["here"], info.Record!.Models.Select(offer => offer.Name));
        Assert.Equal([Network], info.Networks);
        Assert.Equal(Now, info.RecordAt);
        Assert.Equal(["192.0.2.1:8421"], info.Addresses);
        Assert.NotNull(_book.StandingOf(friend.Id, out _));
    }

    [Fact]
    public void A_record_that_is_not_newer_changes_nothing()
    {
        var friend = Greeted();
        _book.Take(friend.Id, [friend.Record(Now, 5, [Network], record => record.Addresses[0] = "192.0.2.5:1")]);

        Assert.Equal(0, _book.Take(friend.Id, [friend.Record(Now, 5, [Network]), friend.Record(Now, 4, [Network])]));

        Assert.Equal(["192.0.2.5:1"], _book.Find(friend.Id)!.Addresses);
        Assert.Equal(1, _book.Take(friend.Id, [friend.Record(Now, 6, [Network])]));
        Assert.Equal(["192.0.2.1:8421"], _book.Find(friend.Id)!.Addresses);
    }

    [Fact]
    public void A_record_is_believed_for_an_hour()
    {
        var friend = Greeted();
        _book.Take(friend.Id, [friend.Record(Now, 5, [Network])]);
        _time.Advance(TimeSpan.FromMinutes(59));
        _book.Sweep();
        Assert.NotNull(_book.Find(friend.Id)!.Record);

        _time.Advance(TimeSpan.FromMinutes(2));
        _book.Sweep();

        Assert.Null(_book.Find(friend.Id)!.Record);
        Assert.Equal(["192.0.2.1:8421"], _book.Find(friend.Id)!.Addresses);
    }

    [Fact]
    public void A_node_heard_of_through_another_gives_addresses_and_nothing_else()
    {
        var friend = Greeted();
        var third = Peer();

        Assert.Equal(1, _book.Take(friend.Id, [third.Record(Now, 1, [Network])]));

        var info = _book.Find(third.Id)!;
        Assert.False(info.IsGreeted);
        Assert.Equal([Network], info.Networks);
        Assert.Equal(["192.0.2.1:8421"], info.Addresses);
        Assert.Null(_book.StandingOf(third.Id, out var whyNot));
        Assert.NotNull(whyNot);
    }

    [Fact]
    public void Nobody_introduces_nodes_to_networks_they_are_not_in()
    {
        var another = new JoinedNetwork(NetworkCharter.Issue(Peer().Identity.Account!, "others", isPublic: false), null, []);
        _book.SetNetworks(new JoinedNetworks([_network, another]));
        var friend = Greeted();
        var third = Peer();

        Assert.Equal(0, _book.Take(friend.Id, [third.Record(Now, 1, [another.Charter.Id])]));
        Assert.Equal(0, _book.Take(friend.Id, [third.Record(Now, 1, [])]));
        Assert.Null(_book.Find(third.Id));
    }

    [Fact]
    public void A_stranger_s_records_are_not_taken()
    {
        var stranger = Peer();

        Assert.Equal(0, _book.Take(stranger.Id, [stranger.Record(Now, 1, [Network])]));
        Assert.Null(_book.Find(stranger.Id));
    }

    [Fact]
    public void Who_is_linked_speaks_for_itself()
    {
        var friend = Greeted();
        var other = Greeted();
        _book.Take(other.Id, [other.Record(Now, 5, [Network])]);

        Assert.Equal(0, _book.Take(friend.Id, [other.Record(Now, 9, [Network], record => record.Addresses[0] = "192.0.2.9:9")]));

        Assert.Equal(["192.0.2.1:8421"], _book.Find(other.Id)!.Addresses);
    }

    [Fact]
    public void A_record_that_someone_else_signed_and_one_that_names_another_account_are_refused()
    {
        var friend = Greeted();
        var third = Peer();
        var forged = NodeRecords.Sign(friend.Identity.Device, third.Unsigned(Now, 1, [Network]));
        var claimed = friend.Record(Now, 9, [Network], record => record.AccountKey = ByteString.CopyFrom(third.Identity.Certificate.AccountKey));

        Assert.Throws<StatementException>(() => _book.Take(friend.Id, [forged]));
        Assert.Throws<StatementException>(() => _book.Take(friend.Id, [claimed]));

        Assert.Null(_book.Find(third.Id));
        Assert.Equal(friend.Account, _book.Find(friend.Id)!.Account);
    }

    [Fact]
    public void An_account_that_was_proved_is_not_changed_by_what_is_said_later()
    {
        var friend = Greeted();
        var gone = Greeted();
        _book.Unlink(gone.Id);

        Assert.Equal(0, _book.Take(friend.Id, [gone.Record(Now, 9, [Network], record => record.AccountKey = ByteString.CopyFrom(friend.Identity.Certificate.AccountKey))]));

        Assert.Equal(gone.Account, _book.Find(gone.Id)!.Account);
    }

    [Fact]
    public void Of_nodes_heard_of_through_one_peer_so_many_are_kept()
    {
        var friend = Greeted();
        var taken = 0;
        for (var i = 0; i < PeerBook.MaxHeardOfThroughOne + 10; i++)
        {
            using var folder = new TestFolder();
            using var device = DeviceKey.LoadOrCreate(folder.Path);
            taken += _book.Take(friend.Id, [NodeRecords.Sign(device, Records.Make(device.PublicKey, friend.Identity.Certificate.AccountKey, Now, 1, [Network], null))]);
        }

        Assert.Equal(PeerBook.MaxHeardOfThroughOne, taken);
        Assert.Equal(PeerBook.MaxHeardOfThroughOne + 1, _book.All.Count);
    }

    [Fact]
    public void A_full_book_makes_room_for_those_that_prove_themselves_only()
    {
        _book.Restore(Enumerable.Range(0, PeerBook.MaxPeers + 50).Select(i => new StoredPeer
        {
            Id = i.ToString("x64", null),
            Account = _self.Id.ToString(),
            Name = "old",
            Networks = [Network.ToString()],
            Addresses = ["192.0.2.1:1"],
            LastSeen = Now.AddMinutes(i - 5000),
        }));
        Assert.Equal(PeerBook.MaxPeers, _book.All.Count);
        var friend = Greeted();
        var third = Peer();

        Assert.Equal(0, _book.Take(friend.Id, [third.Record(Now, 1, [Network])]));

        Assert.Equal(PeerBook.MaxPeers, _book.All.Count);
        Assert.NotNull(_book.Find(friend.Id));
        Assert.Null(_book.Find(PeerId.Parse(0.ToString("x64", null))));
    }

    [Fact]
    public void A_membership_that_ends_ends_the_standing()
    {
        var friend = Peer();
        _book.Greet(friend.Proven, Proofs(friend.ProofIn(_network, _self.Identity, until: Now.AddHours(1))), null, "", isMutual: true);
        _time.Advance(TimeSpan.FromMinutes(69));
        Assert.NotNull(_book.StandingOf(friend.Id, out _));

        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.Null(_book.StandingOf(friend.Id, out var whyNot));
        Assert.Contains("expired", whyNot, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_ends_ends_the_standing()
    {
        var friend = Greeted();

        _time.Advance(TimeSpan.FromDays(366));

        Assert.Null(_book.StandingOf(friend.Id, out _));
    }

    [Fact]
    public void A_device_that_is_cast_out_loses_everything_at_once_and_so_does_whom_it_admitted()
    {
        var member = Peer();
        var second = Peer(member.Identity.Account);
        var inviting = member.ProofIn(_network, _self.Identity, new MemberTerms { MayInvite = true });
        _book.Greet(member.Proven, Proofs(inviting), null, "", isMutual: true);
        var guest = Peer();
        var memberNetwork = _network with { Membership = inviting.Membership };
        _book.Greet(guest.Proven, Proofs(guest.ProofIn(memberNetwork, member.Identity)), null, "", isMutual: true);
        Assert.NotNull(_book.StandingOf(guest.Id, out _));

        _revocations.Accept(second.Identity.Revoke(member.Id));

        Assert.Null(_book.StandingOf(member.Id, out var why));
        Assert.Contains("cast out", why, StringComparison.Ordinal);
        Assert.Null(_book.StandingOf(guest.Id, out why));
        Assert.Contains("cast out", why, StringComparison.Ordinal);
        _book.RemoveRevoked();
        Assert.Null(_book.Find(member.Id));
    }

    [Fact]
    public void A_greeting_counts_whole_and_what_it_shows_no_more_is_gone()
    {
        var another = new JoinedNetwork(NetworkCharter.Issue(Peer().Identity.Account!, "others", isPublic: false), null, []);
        var friend = Greeted();

        Assert.False(_book.Greet(friend.Proven, new Dictionary<NetworkId, NetworkProof>(), null, "", isMutual: true));

        Assert.Null(_book.StandingOf(friend.Id, out _));
        Assert.False(_book.Find(friend.Id)?.IsGreeted ?? false);
        Assert.NotEqual(Network, another.Charter.Id);
    }

    [Fact]
    public void Leaving_a_network_takes_its_members_with_it()
    {
        var friend = Greeted();
        var heard = Peer();
        _book.Take(friend.Id, [heard.Record(Now, 1, [Network])]);

        _book.SetNetworks(JoinedNetworks.None);

        Assert.Null(_book.StandingOf(friend.Id, out _));
        Assert.Null(_book.Find(heard.Id));
        _book.Unlink(friend.Id);
        Assert.Empty(_book.All);
    }

    [Fact]
    public void The_own_account_s_devices_may_ask_for_everything_without_a_network()
    {
        var laptop = Peer(_self.Identity.Account);
        _book.SetNetworks(JoinedNetworks.None);

        Assert.True(_book.Greet(laptop.Proven, new Dictionary<NetworkId, NetworkProof>(), null, "", isMutual: true));
        _book.Take(laptop.Id, [laptop.Record(Now, 2, []), laptop.Record(Now, 3, [], record => record.Models.Add(Records.Offer("home")))]);

        Assert.True(_book.StandingOf(laptop.Id, out _)!.IsOwn);
        Assert.Equal(["home"], _book.Find(laptop.Id)!.Record!.Models.Select(offer => offer.Name));
    }

    [Fact]
    public void Records_go_to_members_in_common_but_not_back_and_none_that_is_for_home()
    {
        var another = new JoinedNetwork(NetworkCharter.Issue(Peer().Identity.Account!, "others", isPublic: false), null, []);
        _book.SetNetworks(new JoinedNetworks([_network, another]));
        var friend = Greeted();
        var reader = Greeted();
        var heard = Peer();
        var laptop = Peer(_self.Identity.Account);
        _book.Greet(laptop.Proven, new Dictionary<NetworkId, NetworkProof>(), null, "", isMutual: true);
        _book.Take(friend.Id, [friend.Record(Now, 1, [Network]), heard.Record(Now, 1, [Network])]);
        _book.Take(laptop.Id, [laptop.Record(Now, 1, [another.Charter.Id]), laptop.Record(Now, 2, [another.Charter.Id], record => record.Models.Add(Records.Offer("home")))]);

        Assert.Equal([friend.Id, heard.Id], Passed(reader));
        Assert.Empty(Passed(friend));
        Assert.Equal([friend.Id, heard.Id], Passed(laptop));
    }

    [Fact]
    public void A_record_is_passed_on_again_when_the_node_moved_or_time_went_by()
    {
        var friend = Greeted();
        var reader = Greeted();
        long revision = 0;
        _book.Take(friend.Id, [friend.Record(Now, 1, [Network])]);
        Assert.Single(_book.PassOn(reader.Id, ref revision));

        _book.Take(friend.Id, [friend.Record(Now, 2, [Network], record => record.Models.Add(Records.Offer("new", Network)))]);
        Assert.Empty(_book.PassOn(reader.Id, ref revision));
        _book.Take(friend.Id, [friend.Record(Now, 3, [Network], record => record.Addresses.Add("192.0.2.7:7"))]);
        Assert.Single(_book.PassOn(reader.Id, ref revision));
        _time.Advance(PeerBook.PassOnEvery);
        _book.Take(friend.Id, [friend.Record(Now, 4, [Network], record => record.Addresses.Add("192.0.2.7:7"))]);
        Assert.Single(_book.PassOn(reader.Id, ref revision));
    }

    [Fact]
    public void It_is_written_and_read_again_and_a_damaged_file_is_none()
    {
        var friend = Greeted();
        _book.Take(friend.Id, [friend.Record(Now, 5, [Network])]);
        var file = new PeerFile(_folder.Path, NullLogger<PeerFile>.Instance);
        file.Save(new StoredPeers { Sequence = 9, Peers = _book.Store() });
        Assert.Equal(AtomicFile.PrivateMode, File.GetUnixFileMode(_folder.File("peers.json")));
        var again = new PeerBook(_self.Identity, _revocations, _time);
        again.SetNetworks(new JoinedNetworks([_network]));

        var stored = file.Load();
        again.Restore(stored.Peers);

        var info = Assert.Single(again.All);
        Assert.Equal((friend.Id, friend.Account, 9ul), (info.Id, info.Account, stored.Sequence));
        Assert.Equal(["192.0.2.1:8421"], info.Addresses);
        Assert.Equal([Network], info.Networks);
        Assert.False(info.IsGreeted);
        foreach (var damaged in new[] { "", "{", "[]", """{"peers":null}""", """{"peers":[{"id":1}]}""", """{"peers":[{"id":"x","account":"y","name":"z","addresses":[null],"networks":[null]}]}""" })
        {
            _folder.Write("peers.json", damaged);
            again.Restore(file.Load().Peers);
            Assert.Single(again.All);
        }
    }

    [Fact]
    public void A_node_not_met_for_long_is_forgotten()
    {
        var friend = Greeted();
        _book.Take(friend.Id, [friend.Record(Now, 5, [Network])]);
        _book.Unlink(friend.Id);
        _time.Advance(TimeSpan.FromDays(29));
        _book.Sweep();
        Assert.NotNull(_book.Find(friend.Id));

        _time.Advance(TimeSpan.FromDays(2));
        _book.Sweep();

        Assert.Null(_book.Find(friend.Id));
    }

    [Fact]
    public void Revocation_lists_are_bounded_kept_and_never_go_back()
    {
        var from = new PeerId(new byte[32]);
        using var account = AccountKey.Create();
        var first = RevocationList.Add(account, null, Peer().Id, Now);
        var second = RevocationList.Add(account, first, Peer().Id, Now);
        Assert.True(_revocations.Accept(second));
        Assert.False(_revocations.Accept(first));
        Assert.False(_revocations.Accept(second));
        var accepted = 0;
        for (var i = 0; i < RevocationBook.MaxUnmetFromOne + 5; i++)
        {
            using var unmet = AccountKey.Create();
            if (_revocations.Accept(RevocationList.Add(unmet, null, from, Now), from)) accepted++;
        }

        var again = new RevocationBook(_self.Identity, _folder.File("revoked"), NullLogger<RevocationBook>.Instance);

        Assert.Equal(RevocationBook.MaxUnmetFromOne, accepted);
        Assert.All(second.Devices, device => Assert.True(again.IsRevoked(account.AccountId, device)));
        Assert.Equal(RevocationBook.MaxUnmetFromOne + 1, again.Since(0).Count);
    }

    public void Dispose()
    {
        foreach (var made in _made) made.Dispose();
        _folder.Dispose();
    }

    private TestPeer Peer(AccountKey? account = null)
    {
        var peer = new TestPeer(_time, account);
        _made.Add(peer);
        return peer;
    }

    private TestPeer Greeted()
    {
        var peer = Peer();
        Assert.True(_book.Greet(peer.Proven, Proofs(peer.ProofIn(_network, _self.Identity)), null, "", isMutual: true));
        return peer;
    }

    private static Dictionary<NetworkId, NetworkProof> Proofs(NetworkProof proof) => new() { [proof.Charter.Id] = proof };

    private PeerId[] Passed(TestPeer reader)
    {
        long revision = 0;
        return [.. _book.PassOn(reader.Id, ref revision).Select(bytes => NodeRecords.Read(bytes, Now).Id)];
    }
}
