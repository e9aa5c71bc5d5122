namespace Mycel.Dht.Tests.Simulation;

/// <summary>All nodes in the order of their keys: who is truly nearest, and who stands in a range.</summary>
internal sealed class KeySpace
{
    private readonly DhtContact[] _sorted;

    public KeySpace(IEnumerable<DhtContact> contacts) => _sorted = [.. contacts.OrderBy(c => c.Key)];

    public int Count => _sorted.Length;

    /// <summary>The nearest nodes to a key, nearest first; where very many are about as near, some of them.</summary>
    public List<DhtContact> Nearest(DhtKey key, int count)
    {
        (int from, int to) = (0, _sorted.Length);
        for (int bits = 1; bits < 128; bits++)
        {
            (int low, int high) = Range(key, bits);
            if (high - low < count)
                break;
            (from, to) = (low, high);
        }

        // Of a crowd, those around the key's place in the order; an attacker need not be exact.
        if (to - from > 4 * count)
            from = Math.Clamp(FirstAtOrAfter(key) - (2 * count), from, to - (4 * count));
        return [.. _sorted[from..Math.Min(to, from + (4 * count))].OrderBy(c => c.Key.Xor(key)).Take(count)];
    }

    /// <summary>Up to <paramref name="count"/> random nodes that have exactly the first <paramref name="bits"/> bits in common with a key.</summary>
    public List<DhtContact> InBucket(DhtKey key, int bits, int count, Random random)
    {
        UInt128 flip = (UInt128)1 << (127 - bits);
        (int from, int to) = Range(new DhtKey(key.High ^ flip, key.Low), bits + 1);
        if (to - from <= count)
        {
            DhtContact[] all = _sorted[from..to];
            random.Shuffle(all);
            return [.. all];
        }

        var chosen = new HashSet<int>();
        while (chosen.Count < count)
            chosen.Add(random.Next(from, to));
        return [.. chosen.Select(i => _sorted[i])];
    }

    private (int From, int To) Range(DhtKey key, int bits)
    {
        UInt128 rest = bits == 0 ? UInt128.MaxValue : UInt128.MaxValue >> bits;
        return (FirstAtOrAfter(new DhtKey(key.High & ~rest, 0)), FirstAfter(new DhtKey(key.High | rest, UInt128.MaxValue)));
    }

    private int FirstAtOrAfter(DhtKey key) => First(k => k >= key);

    private int FirstAfter(DhtKey key) => First(k => k > key);

    private int First(Func<DhtKey, bool> isAt)
    {
        int low = 0;
        for (int high = _sorted.Length; low < high;)
        {
            int middle = (low + high) / 2;
            if (isAt(_sorted[middle].Key))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
