using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>Which records are read, and which are refused for their form, time or signature.</summary>
public sealed class NodeRecordsTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestPeer _peer;

    public NodeRecordsTests() => _peer = new TestPeer(_time);

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void A_record_says_who_it_is_of_and_keeps_its_bytes()
    {
        var network = new NetworkId(_peer.Id);
        var bytes = _peer.Record(Now, 7, [network], record => record.Models.Add(Records.Offer("small", network)));

        var read = NodeRecords.Read(bytes, Now);
        read.Verify();

        Assert.Equal((_peer.Id, _peer.Account), (read.Id, read.Account));
        Assert.Equal([network], read.Networks);
        Assert.Equal(7u, read.Body.Sequence);
        Assert.Same(bytes, read.Bytes);
        Assert.False(read.IsForHome);
    }

    private static readonly Dictionary<string, Action<NodeRecord>> OutOfBounds = new()
    {
        { "no device key", record => record.DeviceKey = ByteString.Empty },
        { "no account key", record => record.AccountKey = ByteString.CopyFrom(new byte[31]) },
        { "no sequence", record => record.Sequence = 0 },
        { "no name", record => record.Name = "" },
        { "long name", record => record.Name = new string('x', 65) },
        { "control character", record => record.Name = "a\nb" },
        { "nine addresses", record => record.Addresses.AddRange(Enumerable.Range(1, 8).Select(i => $"192.0.2.{i}:1")) },
        { "no address", record => record.Addresses.Add("nowhere") },
        { "long address", record => record.Addresses.Add(new string('x', 300) + ":1") },
        { "file", record => record.Addresses.Add("file:///etc/passwd") },
        { "65 networks", record => record.Networks.AddRange(Enumerable.Range(0, 65).Select(i => ByteString.CopyFrom(Enumerable.Repeat((byte)i, 32).ToArray()))) },
        { "short network", record => record.Networks.Add(ByteString.CopyFrom(new byte[31])) },
        { "257 models", record => record.Models.AddRange(Enumerable.Range(0, 257).Select(i => Records.Offer("m" + i))) },
        { "twice", record => record.Models.AddRange([Records.Offer("m"), Records.Offer("m")]) },
        { "no model name", record => record.Models.Add(Records.Offer("")) },
        { "more free than slots", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, FreeSlots = 2 }) },
        { "slots", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 65_537 }) },
        { "speed", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, TokensPerSecond = double.NaN }) },
        { "time", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, FirstTokenMs = double.PositiveInfinity }) },
        { "price", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, PromptPrice = -1 }) },
        { "price of a prompt beyond all", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, PromptPrice = ModelPrice.Most + 1 }) },
        { "price of an answer beyond all", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, CompletionPrice = long.MaxValue }) },
        { "tags", record => record.Models.Add(new ModelOffer { Name = "m", Slots = 1, Tags = { Enumerable.Range(0, 33).Select(i => "t" + i) } }) },
        { "version", record => record.Version = new string('1', 33) },
        { "old", record => record.IssuedAt -= 3601 },
        { "future", record => record.IssuedAt += 601 },
        { "before time", record => record.IssuedAt = long.MinValue },
        { "after time", record => record.IssuedAt = long.MaxValue },
    };

    [Fact]
    public void A_record_out_of_bounds_is_refused()
    {
        NodeRecords.Read(_peer.Record(Now, 1, []), Now);
        foreach (var (what, change) in OutOfBounds)
        {
            var refused = Record.Exception(() => NodeRecords.Read(_peer.Record(Now, 1, [], change), Now));
            Assert.True(refused is StatementException, $"{what}: {refused}");
        }
    }

    [Fact]
    public void The_edges_of_the_time_are_within()
    {
        NodeRecords.Read(_peer.Record(Now.AddHours(-1), 1, []), Now);
        NodeRecords.Read(_peer.Record(Now.AddMinutes(10), 1, []), Now);
    }

    [Fact]
    public void A_record_of_many_bytes_is_refused_unread()
    {
        var bytes = _peer.Record(Now, 1, [], record => record.Models.AddRange(Enumerable.Range(0, 256).Select(i => Records.Offer($"{i} {new string('x', 250)}"))));

        Assert.True(bytes.Length > NodeRecords.MaxBytes);
        Assert.Throws<StatementException>(() => NodeRecords.Read(bytes, Now));
    }

    [Fact]
    public void A_signature_of_another_device_and_one_for_another_purpose_do_not_count()
    {
        using var other = new TestPeer(_time);
        var body = _peer.Unsigned(Now, 1, []);
        var byOther = NodeRecords.Sign(other.Identity.Device, body);
        var forOther = ByteString.CopyFrom(DeviceStatement.Sign(_peer.Identity.Device, "mycel/node-record/2", body.ToByteArray()));

        Assert.Throws<StatementException>(NodeRecords.Read(byOther, Now).Verify);
        Assert.Throws<StatementException>(NodeRecords.Read(forOther, Now).Verify);
    }

    [Fact]
    public void No_byte_of_it_can_be_changed_and_none_makes_the_reader_fail_otherwise()
    {
        var bytes = _peer.Record(Now, 1, [new NetworkId(_peer.Id)]).ToByteArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= (byte)(1 + i % 255);
            Assert.Throws<StatementException>(() => NodeRecords.Read(ByteString.CopyFrom(changed), Now).Verify());
            Assert.ThrowsAny<StatementException>(() => NodeRecords.Read(ByteString.CopyFrom(bytes.AsSpan(0, i)), Now).Verify());
        }
    }

    public void Dispose() => _peer.Dispose();
}
