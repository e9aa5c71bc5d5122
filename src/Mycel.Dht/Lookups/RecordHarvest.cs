using Mycel.Identity;

namespace Mycel.Dht.Lookups;

/// <summary>
/// The records that a lookup was given: checked, the newest of each publisher. Nothing that is found ends a lookup early, and every node that is asked
/// can add only as many as one answer holds: who gives false ones cannot keep the true ones out (Cholez et al., "Active Sybil Attack and
/// Efficient Defense Strategy in IPFS DHT", 2025, on a lookup that ended at the first twenty).
/// </summary>
internal sealed class RecordHarvest(DhtKey key, Action<DhtRecord>? found)
{
    private readonly Dictionary<PeerId, Entry> _newest = [];
    private readonly HashSet<ReadOnlyMemory<byte>> _damaged = new(BytesComparer.Instance);
    private readonly Dictionary<ReadOnlyMemory<byte>, DhtRecord> _read = new(BytesComparer.Instance);

    /// <summary>Records of publishers, those that most nodes gave first.</summary>
    public IReadOnlyList<DhtRecord> Records => [.. _newest.Values.OrderByDescending(e => e.Votes).Select(e => e.Record)];

    /// <summary>Publishers of which there is a record.</summary>
    public int Count => _newest.Count;

    /// <summary>Takes one record of an answer; false where it is not valid. The same bytes are checked once.</summary>
    public bool TryAdd(ReadOnlyMemory<byte> bytes, DateTimeOffset now)
    {
        if (_damaged.Contains(bytes))
            return false;
        if (!_read.TryGetValue(bytes, out DhtRecord? record))
        {
            try
            {
                _read[bytes] = record = DhtRecord.Read(bytes, key, now);
            }
            catch (StatementException)
            {
                _damaged.Add(bytes);
                return false;
            }
        }

        if (!_newest.TryGetValue(record.Publisher, out Entry? entry) || entry.Record.Sequence < record.Sequence)
        {
            _newest[record.Publisher] = new Entry(record, 1);
            found?.Invoke(record);
        }
        else if (entry.Record.Sequence == record.Sequence)
        {
            entry.Votes++;
        }

        return true;
    }

    private sealed class Entry(DhtRecord record, int votes)
    {
        public DhtRecord Record { get; } = record;

        public int Votes { get; set; } = votes;
    }

    private sealed class BytesComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes.Span);
            return hash.ToHashCode();
        }
    }
}
