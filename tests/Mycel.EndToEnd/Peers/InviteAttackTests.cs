using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;
using Mycel.Transport;

namespace Mycel.EndToEnd.Peers;

/// <summary>Invites that are forged, stolen, worn out or used by many at once.</summary>
public sealed class InviteAttackTests
{
    [Fact]
    public async Task A_token_that_was_changed_or_is_none_is_refused_with_a_reason()
    {
        await using var host = await PeerCalls.StartAsync();
        await host.CreateNetworkAsync();
        await using var guest = await PeerCalls.StartAsync();
        var token = await host.InviteAsync(1);
        var middle = token.Length / 2;
        foreach (var bad in new[] { "", "mycel-", "mycel-AAAA", "hello", token[..^10], token[..middle] + (token[middle] == 'A' ? 'B' : 'A') + token[(middle + 1)..], token + "AAAA" })
            Assert.InRange((await guest.TryJoinAsync(bad)).Status, 400, 403);
        Assert.Equal(0, (int)(await InviteEntryAsync(host, token))["used"]!);
        await guest.JoinAsync(token);
        Assert.Equal(1, (int)(await InviteEntryAsync(host, token))["used"]!);

        // The same account again: it is a member already, and no use is counted.
        await guest.JoinAsync(token);
        Assert.Equal(1, (int)(await InviteEntryAsync(host, token))["used"]!);
        await using var late = await PeerCalls.StartAsync();
        (await late.TryJoinAsync(token)).MustRefuse(403, "invite_refused");
    }

    [Fact]
    public async Task An_invite_that_is_revoked_or_over_admits_nobody()
    {
        await using var host = await PeerCalls.StartAsync();
        await host.CreateNetworkAsync();
        await using var guest = await PeerCalls.StartAsync();
        var revoked = await host.InviteAsync(5);
        Assert.Equal(0, (await host.CommandAsync("invite", "revoke", Invite.Parse(revoked).Id)).ExitCode);
        (await guest.TryJoinAsync(revoked)).MustRefuse(403, "invite_refused");
        Assert.Equal("revoked", (string?)(await InviteEntryAsync(host, revoked))["state"]);
    }

    [Fact]
    public async Task A_single_use_asked_for_by_a_hundred_at_once_admits_one()
    {
        await using var host = await PeerCalls.StartAsync();
        await host.CreateNetworkAsync();
        var token = await host.InviteAsync(1);
        var invite = Invite.Parse(token);
        var admitted = 0;
        var refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (_, _) =>
        {
            await using var peer = await TestPeer.CreateAsync();
            await using var link = await peer.DialAsync(token);
            var answer = await link.TryRedeemAsync(invite);
            if (answer.Messages.Count == 1) Interlocked.Increment(ref admitted);
            else if (answer.Refusal is { Code: "invite_refused" }) Interlocked.Increment(ref refused);
        });
        Assert.Equal((1, 99), (admitted, refused));
        Assert.Equal(1, (int)(await InviteEntryAsync(host, token))["used"]!);
    }

    [Fact]
    public async Task A_node_killed_while_many_redeem_never_admits_more_than_the_uses()
    {
        const int Uses = 5;
        var host = await PeerCalls.StartAsync();
        await host.CreateNetworkAsync();
        var token = await host.InviteAsync(Uses);
        var port = PeerCalls.Addresses(token)[0].Port;
        var peers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => TestPeer.CreateAsync()));
        var folder = host.KeepFolder();
        try
        {
            var answered = 0;
            var before = await Task.WhenAll(peers.Select(async peer =>
            {
                var membership = await TryRedeemAsync(peer, token);
                if (membership is not null && Interlocked.Increment(ref answered) == 2) host.Kill();
                return membership;
            }));
            await host.DisposeAsync();
            await using var again = await NodeProcess.StartAsync(new NodeSetup { Folder = folder, Environment = PeerCalls.LinkSettings(port) });
            var after = new List<string?>();
            foreach (var peer in peers) after.Add(await TryRedeemAsync(peer, token));

            // Whoever had an answer before has the same one now, and all in all there are no more than the uses.
            for (var i = 0; i < peers.Length; i++)
            {
                if (before[i] is { } had) Assert.Equal(had, after[i]);
            }

            Assert.Equal(Uses, after.Count(membership => membership is not null));
            Assert.Equal(Uses, (int)(await InviteEntryAsync(again, token))["used"]!);
        }
        finally
        {
            foreach (var peer in peers) await peer.DisposeAsync();
        }
    }

    [Fact]
    public async Task Redeeming_what_is_no_invite_is_refused()
    {
        await using var host = await PeerCalls.StartAsync();
        await host.CreateNetworkAsync();
        var token = await host.InviteAsync(1);
        var network = TestLink.Raw(Invite.Parse(token).Network.Id.Hash);
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.DialAsync(token);
        var invite = Convert.FromHexString(Invite.Parse(token).Id);
        var proof = SHA256.HashData([.. "mycel/redeem/1"u8, 0, .. Invite.Parse(token).ToBytes()]);
        foreach (var (id, name, shown) in new (byte[], ByteString, byte[])[]
        {
            (RandomNumberGenerator.GetBytes(16), network, proof),
            ([], network, proof),
            (RandomNumberGenerator.GetBytes(5000), network, proof),
            ("../../account.key"u8.ToArray(), network, proof),
            (invite, TestLink.Raw(peer.Device.PeerId), proof),
            (invite, ByteString.CopyFrom(1, 2), proof),
            // Who saw the id in a membership does not have the invite.
            (invite, network, []),
            (invite, network, RandomNumberGenerator.GetBytes(32)),
            (invite, network, new byte[32]),
        })
        {
            var answer = await link.TryRedeemAsync(id, name, shown);
            Assert.True(answer.Refusal?.Status is 400 or 403 || answer.ResetCode == 2, answer.ToString());
        }

        var header = TestLink.Header(Kind.Redeem);
        var without = await link.SendAsync(Frames.Of(1, header));
        Assert.True(without.Refusal?.Status is 400 or 403 || without.ResetCode == 2, without.ToString());
        Assert.Equal(0, (int)(await InviteEntryAsync(host, token))["used"]!);
    }

    /// <summary>Who has not redeemed anything may ping and redeem, and nothing else.</summary>
    [Fact]
    public async Task A_stranger_is_told_nothing_and_served_nothing()
    {
        await using var device = FaultyDevice.Start();
        await using var host = await PeerCalls.StartAsync(device);
        await host.CreateNetworkAsync();
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.DialAsync(await host.InviteAsync(1));
        var greeting = await link.GreetAsync(peer.Record());
        Assert.Empty(greeting.Networks);
        Assert.Empty(greeting.Revocations);
        Assert.True(greeting.Record.IsEmpty, "A stranger was shown the node's record.");
        await link.PingAsync();
        foreach (var network in new[] { ByteString.Empty, TestLink.Raw(peer.Device.PeerId) })
        {
            var answer = await link.AskAsync(NodeCalls.ChatBody(device.Model), change: header => header.Inference.NetworkId = network);
            Assert.InRange(answer.Refusal!.Status, 403u, 404u);
        }

        var admin = TestLink.Header(Kind.Admin);
        admin.Admin = new AdminCall { Method = "GET", Path = "/v1/node/status" };
        Assert.Equal(403u, (await link.SendAsync([.. Frames.Of(1, admin), .. Frames.End])).Refusal?.Status);
        var relay = TestLink.Header(Kind.Relay);
        relay.Relay = new Relay { PeerId = TestLink.Raw(host.Certificate().PeerId) };
        var relayed = await link.SendAsync(Frames.Of(1, relay));
        Assert.True(relayed.Refusal is not null || relayed.ResetCode is not null, relayed.ToString());
        var told = await link.SendAsync([.. Frames.Of(1, TestLink.Header(Kind.Records)), .. Frames.Of(6, new Update { Records = { ByteString.CopyFrom(peer.Record()) } })]);
        Assert.Empty(told.Messages);
        Assert.Equal(0, device.HeadsSeen);
        Assert.DoesNotContain(await host.ModelIdsAsync(), id => id.StartsWith("peer:", StringComparison.Ordinal));
    }

    private static async Task<string?> TryRedeemAsync(TestPeer peer, string token)
    {
        var invite = Invite.Parse(token);
        try
        {
            await using var link = await peer.DialAsync(token);
            var answer = await link.TryRedeemAsync(invite);
            return answer.Messages.Count == 1 ? Convert.ToHexString(Redeemed.Parser.ParseFrom(answer.Messages[0]).Membership.Span) : null;
        }
        catch (Exception dead) when (dead is TransportException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<System.Text.Json.Nodes.JsonNode> InviteEntryAsync(NodeProcess host, string token)
    {
        var id = Invite.Parse(token).Id;
        return (await host.AskAsync("/v1/node/invites"))["invites"]!.AsArray().Single(invite => id.StartsWith((string)invite!["id"]!, StringComparison.Ordinal))!;
    }
}
