using Mycel.Dht.Records;
using Mycel.Dht.Tests.Simulation;
using Mycel.Dht.Wire;
using Mycel.Identity;

namespace Mycel.Dht.Tests;

/// <summary>Which records are stored, and how many.</summary>
public sealed class RecordTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly SimClock _clock = new();
    private readonly Publisher _publisher;

    public RecordTests() => _publisher = new Publisher(1, "qwen3:8b", _clock);

    public void Dispose() => _publisher.Dispose();

    [Fact]
    public void A_record_says_who_provides_what_where_and_until_when()
    {
        DhtRecord record = DhtRecord.Read(_publisher.Make(7, Hour).Bytes, _publisher.Key, _clock.GetUtcNow());
        Assert.Equal((_publisher.Peer, 7ul, "qwen3:8b"), (record.Publisher, record.Sequence, record.Model));
        Assert.Equal(Publisher.Network, record.Network);
        Assert.Equal([Publisher.Address], record.Addresses);
        Assert.Equal(_clock.GetUtcNow() + Hour, record.ExpiresAt);

        DhtRecord peer = DhtRecord.SignPeer(_publisher.Device, 1, _clock.GetUtcNow() + Hour, [Publisher.Address]);
        Assert.Null(DhtRecord.Read(peer.Bytes, DhtKey.Of(_publisher.Peer), _clock.GetUtcNow()).Model);
    }

    [Fact]
    public void The_largest_record_there_can_be_fits()
    {
        Assert.True(DhtAddress.TryParse("[2001:db8::1]:8421", out DhtAddress ipv6));
        DhtRecord record = DhtRecord.SignProvider(
            _publisher.Device, ulong.MaxValue, _clock.GetUtcNow() + Hour, [.. Enumerable.Repeat(ipv6, DhtLimits.MaxAddresses)], Publisher.Network, new string('m', DhtLimits.MaxModelBytes));
        Assert.InRange(record.Bytes.Length, 400, DhtLimits.MaxRecordBytes);
        Assert.NotNull(DhtRecord.Read(record.Bytes, record.Key, _clock.GetUtcNow()));
        Assert.Throws<ArgumentException>(() => DhtRecord.SignPeer(_publisher.Device, 1, _clock.GetUtcNow(), [.. Enumerable.Repeat(ipv6, DhtLimits.MaxAddresses + 1)]));
        Assert.Throws<ArgumentException>(() => DhtRecord.SignProvider(_publisher.Device, 1, _clock.GetUtcNow(), [ipv6], Publisher.Network, new string('m', DhtLimits.MaxModelBytes + 1)));
    }

    [Fact]
    public void Forged_foreign_expired_and_oversized_records_are_never_stored()
    {
        RecordStore store = NewStore(new DhtOptions());
        DhtRecord good = _publisher.Make(1, Hour);
        byte[] forged = good.Bytes.ToArray();
        forged[^1] ^= 1;
        byte[] changed = good.Bytes.ToArray();
        changed[60] ^= 1;
        using var other = new Publisher(2, "another", _clock);
        Refused(StoreRefusal.Invalid, forged);
        Refused(StoreRefusal.Invalid, changed);
        Refused(StoreRefusal.Invalid, other.Make(1, Hour).Bytes.ToArray());
        Refused(StoreRefusal.Invalid, _publisher.Make(1, TimeSpan.Zero).Bytes.ToArray());
        Refused(StoreRefusal.Invalid, _publisher.Make(1, TimeSpan.FromHours(25)).Bytes.ToArray());
        Refused(StoreRefusal.Invalid, [.. good.Bytes.ToArray(), .. new byte[DhtLimits.MaxRecordBytes]]);
        Assert.Equal(0, store.Count);
        Assert.Equal(StoreRefusal.None, store.TryStore(_publisher.Key, good.Bytes, From(1), _clock.GetUtcNow()));

        void Refused(StoreRefusal why, byte[] bytes) => Assert.Equal(why, store.TryStore(_publisher.Key, bytes, From(1), _clock.GetUtcNow()));
    }

    [Fact]
    public void An_older_record_never_replaces_a_newer_one()
    {
        RecordStore store = NewStore(new DhtOptions());
        Assert.Equal(StoreRefusal.None, Put(store, _publisher, 5));
        Assert.Equal(StoreRefusal.Stale, Put(store, _publisher, 4));
        // The same number with other content is not newer either; the very same record is simply there.
        Assert.Equal(StoreRefusal.Stale, store.TryStore(_publisher.Key, _publisher.Make(5, Hour * 2).Bytes, From(1), _clock.GetUtcNow()));
        Assert.Equal(StoreRefusal.None, Put(store, _publisher, 5));
        Assert.Equal(StoreRefusal.None, Put(store, _publisher, 6));
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void What_expired_is_not_told_and_then_dropped()
    {
        RecordStore store = NewStore(new DhtOptions());
        Put(store, _publisher, 1);
        _clock.Ticks += (Hour + TimeSpan.FromSeconds(1)).Ticks;
        Assert.Empty(Sample(store));
        store.Expire(_clock.GetUtcNow());
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void A_full_key_stays_open_to_other_owners_of_addresses()
    {
        RecordStore store = NewStore(new DhtOptions { MaxRecordsPerKey = 4 });
        for (int i = 0; i < 4; i++)
            Assert.Equal(StoreRefusal.None, PutOfAnother(store, i, group: 1));
        Assert.Equal(StoreRefusal.Full, PutOfAnother(store, 5, group: 1));
        Assert.Equal(StoreRefusal.None, Put(store, _publisher, 1, group: 2));
        Assert.Equal(4, store.Count);
        Assert.Contains(Sample(store), r => DhtRecord.Read(r, _publisher.Key, _clock.GetUtcNow()).Publisher == _publisher.Peer);
    }

    [Fact]
    public void One_owner_of_addresses_stores_so_many_and_no_more()
    {
        RecordStore store = NewStore(new DhtOptions { MaxRecordsPerGroup = 3 });
        for (int i = 0; i < 3; i++)
            Assert.Equal(StoreRefusal.None, PutModel(store, i, group: 1));
        Assert.Equal(StoreRefusal.Full, PutModel(store, 3, group: 1));
        Assert.Equal(StoreRefusal.None, PutModel(store, 3, group: 2));
    }

    [Fact]
    public void A_full_store_gives_up_what_is_farthest_from_its_node()
    {
        var options = new DhtOptions { MaxRecords = 8 };
        RecordStore store = NewStore(options);
        for (int i = 0; i < 50; i++)
            PutModel(store, i, group: i);
        Assert.Equal(8, store.Count);
        List<DhtKey> nearest = [.. Enumerable.Range(0, 50).Select(i => DhtKey.OfProviders(Publisher.Network, $"m{i}")).OrderBy(k => k).Take(8)];
        Assert.All(nearest, key => Assert.Single(Sample(store, key)));
    }

    /// <summary>5,000 inputs, each with a signature to check; MYCEL_FUZZ=60 makes it 300,000.</summary>
    [Fact]
    public void Damaged_records_and_packets_are_refused()
    {
        var random = new Random(Claims.Seed);
        byte[] record = _publisher.Make(1, Hour).Bytes.ToArray();
        byte[] packet = SignedPacket.Seal(_publisher.Device, _publisher.Peer, [1, 2, 3], _clock.GetUtcNow());
        for (int i = 0; i < 5000 * Claims.FuzzFactor; i++)
        {
            byte[] input = Fuzz.Damage(i % 2 == 0 ? record : packet, random);
            try
            {
                DhtRecord read = DhtRecord.Read(input, _publisher.Key, _clock.GetUtcNow());
                Assert.Equal(_publisher.Peer, read.Publisher);
            }
            catch (StatementException)
            {
                // A clear refusal.
            }

            if (SignedPacket.TryOpen(input, _publisher.Peer, _clock.GetUtcNow(), out PeerId sender, out _))
                Assert.Equal(_publisher.Peer, sender);
        }
    }

    [Fact]
    public void A_packet_is_for_one_recipient_at_its_time()
    {
        using var other = new Publisher(9, "x", _clock);
        byte[] packet = SignedPacket.Seal(_publisher.Device, other.Peer, new byte[DhtLimits.MaxMessageBytes], _clock.GetUtcNow());
        Assert.InRange(packet.Length, 1, SignedPacket.MaxBytes);
        Assert.True(SignedPacket.TryOpen(packet, other.Peer, _clock.GetUtcNow(), out PeerId sender, out ReadOnlyMemory<byte> message));
        Assert.Equal((_publisher.Peer, DhtLimits.MaxMessageBytes), (sender, message.Length));
        Assert.False(SignedPacket.TryOpen(packet, _publisher.Peer, _clock.GetUtcNow(), out _, out _));
        Assert.False(SignedPacket.TryOpen(packet, other.Peer, _clock.GetUtcNow().AddMinutes(11), out _, out _));
        packet[^1] ^= 1;
        Assert.False(SignedPacket.TryOpen(packet, other.Peer, _clock.GetUtcNow(), out _, out _));
    }

    private static RecordStore NewStore(DhtOptions options) => new(options, default);

    private static DhtAddress From(int group) => new(((UInt128)0xFFFF << 32) | (uint)(0x14000001 + (group << 8)), 8422);

    private StoreRefusal Put(RecordStore store, Publisher publisher, ulong sequence, int group = 1)
        => store.TryStore(publisher.Key, publisher.Make(sequence, Hour).Bytes, From(group), _clock.GetUtcNow());

    private StoreRefusal PutOfAnother(RecordStore store, int number, int group)
    {
        using var other = new Publisher(100 + number, "qwen3:8b", _clock);
        return Put(store, other, 1, group);
    }

    private StoreRefusal PutModel(RecordStore store, int number, int group)
    {
        using var other = new Publisher(1, $"m{number}", _clock);
        return Put(store, other, 1, group);
    }

    private List<ReadOnlyMemory<byte>> Sample(RecordStore store, DhtKey? key = null)
    {
        var records = new List<ReadOnlyMemory<byte>>();
        store.Sample(key ?? _publisher.Key, _clock.GetUtcNow(), new SimRandom(1), int.MaxValue, 64, records);
        return records;
    }
}
