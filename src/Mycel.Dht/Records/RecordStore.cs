using Mycel.Dht.Wire;
using Mycel.Identity;

namespace Mycel.Dht.Records;

/// <summary>
/// The records that this node keeps for others: one of each publisher under a key. Bounded in all, under a key and for a group of addresses. Where a key is
/// full, the group with the most records under it gives way, so that one owner of addresses does not push the others out; where the whole store
/// is full, the record farthest from this node does, which others are more responsible for.
/// </summary>
internal sealed class RecordStore(DhtOptions options, DhtKey self)
{
    private readonly Dictionary<DhtKey, List<Stored>> _keys = [];
    private readonly Dictionary<UInt128, int> _groups = [];

    /// <summary>Records stored.</summary>
    public int Count { get; private set; }

    /// <summary>Stores a record that was brought from an address, or says why not.</summary>
    public StoreRefusal TryStore(DhtKey key, ReadOnlyMemory<byte> bytes, DhtAddress from, DateTimeOffset now)
    {
        _keys.TryGetValue(key, out List<Stored>? under);
        if (under is not null && under.Exists(s => s.Record.Bytes.Span.SequenceEqual(bytes.Span) && s.Record.ExpiresAt > now))
            return StoreRefusal.None;
        DhtRecord record;
        try
        {
            record = DhtRecord.Read(bytes, key, now);
        }
        catch (StatementException)
        {
            return StoreRefusal.Invalid;
        }

        int old = under?.FindIndex(s => s.Record.Publisher == record.Publisher) ?? -1;
        if (old >= 0)
        {
            if (under![old].Record.Sequence >= record.Sequence)
                return StoreRefusal.Stale;
            Remove(key, under, old);
        }

        UInt128? group = from.Reach == DhtReach.Public ? from.Group : null;
        return MakeRoom(key, group) ? Add(key, new Stored(record, group)) : StoreRefusal.Full;
    }

    /// <summary>
    /// Takes up to <paramref name="most"/> records of a key, different ones each time where there are more: one of each group of addresses before a second of any, so that
    /// many records from few addresses do not hide the others.
    /// </summary>
    public void Sample(DhtKey key, DateTimeOffset now, IDhtRandom random, int mostBytes, int most, List<ReadOnlyMemory<byte>> into)
    {
        if (!_keys.TryGetValue(key, out List<Stored>? under))
            return;
        foreach (Stored stored in InTurns(under, random))
        {
            if (into.Count == most)
                return;
            int size = MessageCodec.SizeOf(stored.Record.Bytes);
            if (stored.Record.ExpiresAt <= now || size > mostBytes)
                continue;
            into.Add(stored.Record.Bytes);
            mostBytes -= size;
        }
    }

    /// <summary>Drops what expired.</summary>
    public void Expire(DateTimeOffset now)
    {
        foreach ((DhtKey key, List<Stored> under) in _keys.ToArray())
        {
            for (int i = under.Count - 1; i >= 0; i--)
            {
                if (under[i].Record.ExpiresAt <= now)
                    Remove(key, under, i);
            }
        }
    }

    /// <summary>
    /// Records in random order, one of each group before a second of any, whichever group has more. Those that are not from the Internet count as one group.
    /// </summary>
    private static IEnumerable<Stored> InTurns(List<Stored> under, IDhtRandom random)
    {
        if (under.Count == 1)
            return under;
        Stored[] mixed = [.. under];
        for (int i = mixed.Length - 1; i > 0; i--)
        {
            int other = random.Below(i + 1);
            (mixed[i], mixed[other]) = (mixed[other], mixed[i]);
        }

        return mixed.GroupBy(s => s.Group)
            .SelectMany(g => g.Select((stored, turn) => (Stored: stored, Turn: turn, Order: random.NextUInt64())))
            .OrderBy(s => (s.Turn, s.Order))
            .Select(s => s.Stored);
    }

    private StoreRefusal Add(DhtKey key, Stored stored)
    {
        if (!_keys.TryGetValue(key, out List<Stored>? under))
            _keys[key] = under = [];
        under.Add(stored);
        Count++;
        if (stored.Group is { } group)
            _groups[group] = _groups.GetValueOrDefault(group) + 1;
        return StoreRefusal.None;
    }

    private void Remove(DhtKey key, List<Stored> under, int index)
    {
        UInt128? of = under[index].Group;
        under.RemoveAt(index);
        Count--;
        if (under.Count == 0)
            _keys.Remove(key);
        if (of is { } group && --_groups[group] == 0)
            _groups.Remove(group);
    }

    private bool MakeRoom(DhtKey key, UInt128? group)
    {
        if (group is { } of && _groups.GetValueOrDefault(of) >= options.MaxRecordsPerGroup)
            return false;
        if (_keys.TryGetValue(key, out List<Stored>? under) && under.Count >= options.MaxRecordsPerKey)
        {
            IGrouping<UInt128?, Stored> largest = under.GroupBy(s => s.Group).MaxBy(g => g.Count())!;
            if (largest.Count() <= under.Count(s => s.Group == group) + 1)
                return false;
            Remove(key, under, under.IndexOf(largest.First()));
        }

        if (Count < options.MaxRecords)
            return true;
        DhtKey farthest = _keys.Keys.MaxBy(k => k.Xor(self));
        if (farthest.Xor(self) <= key.Xor(self))
            return false;
        Remove(farthest, _keys[farthest], 0);
        return true;
    }

    /// <summary>A record, and the group of addresses that brought it; null for one that is not on the Internet.</summary>
    private sealed record Stored(DhtRecord Record, UInt128? Group);
}
