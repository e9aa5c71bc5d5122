using Google.Protobuf;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity;
using Mycel.Node.Links.Wire;

namespace Mycel.EndToEnd.Peers;

/// <summary>What peers say of themselves and of others counts only as far as they may say it.</summary>
public sealed class RecordTests(HostileHost host) : IClassFixture<HostileHost>
{
    [Fact]
    public async Task A_members_record_is_believed_and_a_newer_one_replaces_it()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        await SendAsync(link, peer.Record(record => Offer(record, link, "of-a-test-peer")));
        await Poll.UntilAsync(async () => (await OffersAsync(peer)).SequenceEqual(["of-a-test-peer"]), "the record is believed");
        await SendAsync(link, peer.Record(record =>
        {
            Offer(record, link, "something-else");
            record.Sequence += 1_000_000;
        }));
        await Poll.UntilAsync(async () => (await OffersAsync(peer)).SequenceEqual(["something-else"]), "the newer record is believed");
        // An older one never comes back.
        await SendAsync(link, peer.Record(record => Offer(record, link, "of-the-past")));
        await link.PingAsync();
        Assert.Equal(["something-else"], await OffersAsync(peer));
    }

    [Fact]
    public async Task A_record_that_is_not_the_peers_own_or_not_within_bounds_is_left_out()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var other = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        var own = host.Node.Certificate();
        var later = (ulong)DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeMilliseconds();
        foreach (var (what, record) in new (string, byte[])[]
        {
            ("of the node itself", peer.Record(r => r.DeviceKey = ByteString.CopyFrom(own.DeviceKeyBytes))),
            ("of another device", peer.Record(r => r.DeviceKey = ByteString.CopyFrom(other.Device.PublicKey))),
            ("of another account", peer.Record(r => { r.AccountKey = ByteString.CopyFrom(own.AccountKey); r.Sequence = later; Offer(r, link, "stolen"); })),
            ("under another domain", peer.Sign(new NodeRecord { DeviceKey = ByteString.CopyFrom(peer.Device.PublicKey), Name = "x" }, "mycel/network/1")),
            ("of yesterday", peer.Record(r => { r.IssuedAt -= 86_400; r.Sequence = later; Offer(r, link, "stale"); })),
            ("of tomorrow", peer.Record(r => { r.IssuedAt += 86_400; r.Sequence = later; Offer(r, link, "early"); })),
            ("without a name", peer.Record(r => { r.Name = ""; r.Sequence = later; Offer(r, link, "nameless"); })),
            ("with control characters", peer.Record(r => { r.Name = "a\u001b[2Jb"; r.Sequence = later; Offer(r, link, "colourful"); })),
            ("with too many models", peer.Record(r => { r.Sequence = later; for (var i = 0; i < 300; i++) Offer(r, link, $"many-{i}"); })),
            ("with too many addresses", peer.Record(r => { r.Sequence = later; for (var i = 0; i < 20; i++) r.Addresses.Add($"192.0.2.1:{i + 1}"); Offer(r, link, "everywhere"); })),
            ("with an address that is none", peer.Record(r => { r.Sequence = later; r.Addresses.Add("file:///etc/passwd"); Offer(r, link, "file"); })),
            ("garbage", [1, 2, 3, 4]),
            ("nothing", []),
        })
        {
            await SendAsync(link, record);
            await link.PingAsync();
            var offers = await OffersAsync(peer);
            Assert.True(offers.Count == 0, $"A record {what} was believed: {string.Join(", ", offers)}");
        }

        Assert.Null(await host.Node.PeerAsync(other.Device.PeerId.ToString()));
        await host.MustServeAsync();
    }

    /// <summary>Hearsay gives addresses to dial, no peer to ask, and no more of them than the bound.</summary>
    [Fact]
    public async Task Thousands_of_invented_nodes_are_bounded_and_none_is_asked()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        using var folder = new TempFolder();
        for (var i = 0; i < 400; i += 20)
        {
            var update = new Update();
            for (var n = 0; n < 20; n++)
            {
                using var device = DeviceKey.LoadOrCreate(Path.Combine(folder.Path, $"{i + n}"));
                update.Records.Add(ByteString.CopyFrom(Invented(device, link, $"invented-{i + n}")));
            }

            await link.SendAsync([.. Frames.Of(1, TestLink.Header(Kind.Records)), .. Frames.Of(6, update)]);
        }

        await link.PingAsync();
        Assert.InRange((await host.Node.PeersAsync()).Count, 1, 300);
        Assert.DoesNotContain(await host.Node.ModelIdsAsync(), id => id.Contains("invented", StringComparison.Ordinal));
        await host.MustServeAsync();
    }

    private static byte[] Invented(DeviceKey device, TestLink link, string model)
    {
        var now = DateTimeOffset.UtcNow;
        var record = new NodeRecord
        {
            DeviceKey = ByteString.CopyFrom(device.PublicKey),
            AccountKey = ByteString.CopyFrom(device.PublicKey),
            Sequence = (ulong)now.ToUnixTimeMilliseconds(),
            IssuedAt = now.ToUnixTimeSeconds(),
            Name = model,
            Addresses = { "127.0.0.1:9" },
        };
        Offer(record, link, model);
        var bytes = record.ToByteArray();
        byte[] message = [.. "mycel/node-record/1"u8, 0, .. bytes];
        return new Identity.Wire.Signed { Body = ByteString.CopyFrom(bytes), Signature = ByteString.CopyFrom(device.Sign(message)) }.ToByteArray();
    }

    private static void Offer(NodeRecord record, TestLink link, string model)
    {
        var network = TestLink.Raw(Identity.Networks.NetworkCharter.Parse(link.Proofs[^1].Charter.Span).Id.Hash);
        if (record.Networks.Count == 0) record.Networks.Add(network);
        record.Models.Add(new ModelOffer { Name = model, Networks = { network }, Slots = 1, FreeSlots = 1 });
    }

    private static Task<TestAnswer> SendAsync(TestLink link, byte[] record) =>
        link.SendAsync([.. Frames.Of(1, TestLink.Header(Kind.Records)), .. Frames.Of(6, new Update { Records = { ByteString.CopyFrom(record) } })]);

    private async Task<IReadOnlyList<string>> OffersAsync(TestPeer peer) =>
        [.. ((await host.Node.PeerAsync(peer.Device.PeerId.ToString()))?["models"]?.AsArray() ?? []).Select(model => (string)model!)];
}
