using Google.Protobuf;
using Mycel.Identity.Networks;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport;

namespace Mycel.Node.Tests.Networks;

/// <summary>Nodes in one process that found networks, invite each other and join, over real links.</summary>
public sealed class JoiningTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public JoiningTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task A_guest_joins_and_both_may_ask_each_other()
    {
        await using var host = await FoundAsync("host");
        await using var guest = await new NetworkNode("guest").StartAsync();

        var joined = await guest.JoinAsync(host.Invite(new MemberTerms { CreditLine = 7, Models = ["small"] }));

        Assert.Equal("friends", joined.Charter.Name);
        Assert.Equal(7, joined.Terms.CreditLine);
        Assert.False(guest.Registry.IsRoot(joined));
        var standing = host.Peers.StandingOf(guest.Id, out _);
        Assert.Equal(["small"], standing!.Networks[joined.Charter.Id].Models!);
        Assert.False(standing.IsOwn);
        Assert.Equal("guest", standing.Name);
        Assert.True(guest.Serves(host));
        await Until.TrueAsync(() => host.Peers.Find(guest.Id) is { IsGreeted: true, Record: not null } && guest.Peers.Find(host.Id) is { IsGreeted: true, Record: not null }, "each side's asking the other");
        var members = host.Registry.Members(joined.Charter.Id);
        Assert.Equal(["host", "guest"], members.Select(member => member.Name));
        Assert.Equal([true, false], members.Select(member => member.IsRoot));
        Assert.Equal(guest.Identity.Certificate.AccountId, Assert.Single(Assert.Single(host.Invites.List()).Members).Account);
    }

    [Fact]
    public async Task A_used_up_a_revoked_an_expired_and_a_foreign_invite_are_refused_and_say_why()
    {
        await using var host = await FoundAsync("host");
        await using var first = await new NetworkNode("first").StartAsync();
        await using var second = await new NetworkNode("second").StartAsync();
        var once = host.Invite();
        var revoked = host.Invite(uses: 5);
        host.Invites.Revoke(revoked.Id[..8]);
        var brief = host.Invite(validity: TimeSpan.FromMinutes(1));
        await first.JoinAsync(once);

        await RefusedAsync(second, once, 403, "invite_refused", "used already");
        await RefusedAsync(second, revoked, 403, "invite_refused", "revoked");
        second.Time.Shift = TimeSpan.FromMinutes(15);
        await RefusedAsync(second, brief, 400, "invite_invalid", "expired");
        second.Time.Shift = TimeSpan.Zero;
        host.Time.Shift = TimeSpan.FromMinutes(15);
        await RefusedAsync(second, brief, 403, "invite_refused", "expired");
        File.Delete(Directory.GetFiles(Path.Combine(host.Folder, "invites"), once.Id + "*").Single());
        await RefusedAsync(second, once, 403, "invite_refused", "did not make");
        Assert.Empty(second.Registry.Joined);
    }

    [Fact]
    public async Task What_is_no_invite_and_an_own_one_are_told_before_anyone_is_dialled()
    {
        await using var host = await FoundAsync("host");
        var token = host.Invite().ToToken();

        foreach (var text in new[] { "", "hello", token[..^9], token.Replace('A', 'B') })
        {
            var damaged = await Assert.ThrowsAsync<NetworkException>(() => host.Get<Joiner>().JoinAsync(text, Cancellation));
            Assert.Equal((400, "invite_invalid"), (damaged.Status, damaged.Code));
        }

        var own = await Assert.ThrowsAsync<NetworkException>(() => host.Get<Joiner>().JoinAsync(token, Cancellation));
        Assert.Contains("made the invite itself", own.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_not_there_is_named_with_its_address()
    {
        await using var host = await FoundAsync("host");
        await using var guest = await new NetworkNode("guest").StartAsync();
        var invite = host.Invite();
        var address = host.Address;
        await host.StopAsync();

        var failure = await Assert.ThrowsAsync<NetworkException>(() => guest.JoinAsync(invite));

        Assert.Equal((502, "peer_unreachable"), (failure.Status, failure.Code));
        Assert.Contains(address, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Joining_again_counts_no_use()
    {
        await using var host = await FoundAsync("host");
        await using var guest = await new NetworkNode("guest").StartAsync();
        var first = await guest.JoinAsync(host.Invite());
        var second = host.Invite();

        var again = await guest.JoinAsync(second);

        Assert.Equal(first.Charter.Id, again.Charter.Id);
        Assert.All(host.Invites.List(), entry => Assert.Equal(entry.Invite.Id == second.Id ? 0 : 1, entry.Members.Count));
    }

    [Fact]
    public async Task Who_left_may_come_back_with_the_same_invite()
    {
        await using var host = await FoundAsync("host");
        await using var guest = await new NetworkNode("guest").StartAsync();
        var invite = host.Invite();
        await guest.Registry.LeaveAsync(await guest.JoinAsync(invite));
        await Until.TrueAsync(() => !host.Serves(guest), "the host's letting go of one who left");

        await guest.JoinAsync(invite);

        Assert.True(host.Serves(guest));
        Assert.Single(Assert.Single(host.Invites.List()).Members);
    }

    [Fact]
    public async Task The_id_of_an_invite_which_memberships_show_admits_nobody()
    {
        await using var host = await FoundAsync("host");
        await using var thief = await new NetworkNode("thief").ListenAsync();
        var invite = host.Invite();
        var link = await thief.Links.ConnectAsync(host.Id, [host.Address], Cancellation);

        foreach (var proof in new[] { [], new byte[32], Redemption.ProofOf(host.Invite()) })
        {
            var refusal = await Assert.ThrowsAsync<RefusedException>(() => RedeemAsync(link, new Redeem
            {
                InviteId = ByteString.CopyFrom(Convert.FromHexString(invite.Id)),
                NetworkId = WireIds.Of(invite.Network.Id.Hash),
                Proof = ByteString.CopyFrom(proof),
            }));
            Assert.Equal("invite_refused", refusal.Refusal.Code);
        }

        Assert.All(host.Invites.List(), entry => Assert.Empty(entry.Members));
    }

    [Fact]
    public async Task Requests_of_a_wrong_shape_are_refused_and_the_link_lives()
    {
        await using var host = await FoundAsync("host");
        await using var guest = await new NetworkNode("guest").ListenAsync();
        var network = WireIds.Of(host.Registry.Joined[0].Charter.Id.Hash);
        var link = await guest.Links.ConnectAsync(host.Id, [host.Address], Cancellation);
        Redeem[] wrong =
        [
            new(), new() { NetworkId = network }, new() { NetworkId = ByteString.CopyFrom(new byte[31]), InviteId = ByteString.CopyFrom(new byte[16]) },
            new() { NetworkId = network, InviteId = ByteString.CopyFrom(new byte[15]) }, new() { NetworkId = network, InviteId = ByteString.CopyFrom(new byte[60_000]) },
        ];

        foreach (var request in wrong)
            Assert.Equal(403u, (await Assert.ThrowsAsync<RefusedException>(() => RedeemAsync(link, request))).Refusal.Status);
        var none = new StreamHeader { Version = 1, Kind = Kind.Redeem };
        Assert.Equal(400u, (await Assert.ThrowsAsync<RefusedException>(() => RedeemAsync(link, none))).Refusal.Status);
        await guest.JoinAsync(host.Invite());
    }

    [Fact]
    public async Task Of_a_hundred_at_once_with_an_invite_for_one_one_is_admitted()
    {
        await using var host = await FoundAsync("host");
        var invite = host.Invite();
        var guests = new List<NetworkNode>();
        try
        {
            // Ten devices, ten streams each: of ten accounts one is admitted, and gets the same each time it asks.
            for (var i = 0; i < 10; i++) guests.Add(await new NetworkNode("guest" + i).ListenAsync());
            var links = await Task.WhenAll(guests.Select(guest => guest.Links.ConnectAsync(host.Id, [host.Address], Cancellation)));
            var request = new Redeem { InviteId = ByteString.CopyFrom(Convert.FromHexString(invite.Id)), NetworkId = WireIds.Of(invite.Network.Id.Hash), Proof = ByteString.CopyFrom(Redemption.ProofOf(invite)) };

            var answers = await Task.WhenAll(links.SelectMany(link => Enumerable.Range(0, 10).Select(_ => TryAsync(link, request))));

            var admitted = answers.Where(answer => answer is not null).ToArray();
            Assert.Equal(10, admitted.Length);
            Assert.Single(admitted.Select(answer => answer!.Membership).Distinct());
            Assert.Single(Assert.Single(host.Invites.List()).Members);
        }
        finally
        {
            foreach (var guest in guests) await guest.DisposeAsync();
        }

        static async Task<Redeemed?> TryAsync(Link link, Redeem request)
        {
            try
            {
                return await RedeemAsync(link, request);
            }
            catch (RefusedException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task A_public_network_admits_who_knows_the_way_to_it_a_private_one_does_not()
    {
        await using var host = await FoundAsync("host", isPublic: true);
        await using var first = await new NetworkNode("first").StartAsync();
        await using var second = await new NetworkNode("second").StartAsync();
        var invite = host.Invite(new MemberTerms { CreditLine = 5 });
        await first.JoinAsync(invite);

        var joined = await second.JoinAsync(invite);

        Assert.Equal(0, joined.Terms.CreditLine);
        Assert.True(host.Serves(second));
    }

    [Fact]
    public async Task A_member_that_may_invites_and_its_guest_is_known_to_the_root()
    {
        await using var root = await FoundAsync("root");
        await using var member = await new NetworkNode("member").StartAsync();
        await using var guest = await new NetworkNode("guest").StartAsync();
        await member.JoinAsync(root.Invite(new MemberTerms { MayInvite = true, CreditLine = 100, Models = ["a", "b"] }));

        Assert.Equal("not_allowed", Assert.Throws<NetworkException>(() => member.Invite(new MemberTerms { CreditLine = 101, Models = ["a"] })).Code);
        Assert.Equal("not_allowed", Assert.Throws<NetworkException>(() => member.Invite(new MemberTerms())).Code);
        await guest.JoinAsync(member.Invite(new MemberTerms { Models = ["a"] }));

        await Until.TrueAsync(() => root.Serves(guest) && guest.Serves(root), "the guest's meeting the root, of whom it heard through the member");
        Assert.Equal("not_allowed", Assert.Throws<NetworkException>(() => guest.Invite(new MemberTerms { Models = ["a"] })).Code);
    }

    [Fact]
    public async Task A_second_device_of_the_account_joins_without_a_use_and_may_ask_for_everything()
    {
        await using var host = await FoundAsync("host");
        await using var laptop = await new NetworkNode("laptop", host.Identity.Account).StartAsync();

        await laptop.JoinAsync(host.Invite());

        Assert.Empty(Assert.Single(host.Invites.List()).Members);
        Assert.True(host.Peers.StandingOf(laptop.Id, out _)!.IsOwn);
        Assert.True(laptop.Peers.StandingOf(host.Id, out _)!.IsOwn);
        Assert.True(laptop.Registry.IsRoot(laptop.Registry.Joined[0]));
    }

    [Fact]
    public async Task An_account_founds_one_network_and_names_are_unique()
    {
        await using var host = await FoundAsync("host");
        await using var guest = await new NetworkNode("guest").StartAsync();
        await guest.JoinAsync(host.Invite());

        Assert.Equal("network_exists", (await Assert.ThrowsAsync<NetworkException>(() => host.Registry.CreateAsync("other", isPublic: false))).Code);
        Assert.Equal("network_exists", (await Assert.ThrowsAsync<NetworkException>(() => guest.Registry.CreateAsync("FRIENDS", isPublic: false))).Code);
        Assert.Equal("invalid_value", (await Assert.ThrowsAsync<NetworkException>(() => guest.Registry.CreateAsync(new string('x', 65), isPublic: false))).Code);
        var own = await guest.Registry.CreateAsync("family", isPublic: false);
        Assert.Equal(["family", "friends"], guest.Registry.Joined.Select(network => network.Charter.Name));
        Assert.Equal(own.Charter.Id, guest.Registry.Find("Family")!.Charter.Id);
        Assert.Equal(own.Charter.Id, guest.Registry.Find(own.Charter.Id.ToString()[..6])!.Charter.Id);
        Assert.Null(guest.Registry.Find(own.Charter.Id.ToString()[..3]));
        Assert.Null(guest.Registry.Find("nothing"));
    }

    [Fact]
    public async Task Without_an_address_there_is_no_invite()
    {
        await using var host = await new NetworkNode("host").StartAsync();
        host.Options.Current = host.Options.Current with { Links = host.Options.Current.Links with { Provider = "none" } };
        await host.Registry.CreateAsync("friends", isPublic: false);

        Assert.Equal((409, "no_address"), Assert.Throws<NetworkException>(() => host.Invite()) is { } refused ? (refused.Status, refused.Code) : default);
    }

    private static async Task<NetworkNode> FoundAsync(string name, bool isPublic = false)
    {
        var node = await new NetworkNode(name).StartAsync();
        await node.Registry.CreateAsync("friends", isPublic);
        return node;
    }

    private static async Task RefusedAsync(NetworkNode guest, Invite invite, int status, string code, string message)
    {
        var refused = await Assert.ThrowsAsync<NetworkException>(() => guest.JoinAsync(invite));
        Assert.Equal((status, code), (refused.Status, refused.Code));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private static Task<Redeemed> RedeemAsync(Link link, Redeem request) => RedeemAsync(link, new StreamHeader { Version = 1, Kind = Kind.Redeem, Redeem = request });

    private static async Task<Redeemed> RedeemAsync(Link link, StreamHeader header)
    {
        await using var stream = await link.OpenAsync(header, Cancellation);
        await stream.Writer.FlushAsync(end: true, Cancellation);
        return (await stream.ReadMessageAsync(Redeemed.Parser, Cancellation))!;
    }
}
