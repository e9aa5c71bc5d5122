namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Random numbers that follow from a seed alone, on every machine and in every version of .NET (xoshiro256**, seeded by SplitMix64).</summary>
internal sealed class SimRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public SimRandom(ulong seed)
    {
        _a = Mix(ref seed);
        _b = Mix(ref seed);
        _c = Mix(ref seed);
        _d = Mix(ref seed);
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        ulong result = ulong.RotateLeft(_b * 5, 7) * 9;
        ulong shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>From <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public long Between(long low, long high) => low + (long)((UInt128)Next() * (ulong)(high - low + 1) >> 64);

    /// <summary>From 0 to <paramref name="count"/> − 1.</summary>
    public int Below(int count) => (int)Between(0, count - 1);

    /// <summary>True so many times in a million.</summary>
    public bool Happens(int millionths) => millionths > 0 && Between(1, 1_000_000) <= millionths;

    /// <summary>One of them.</summary>
    public T Pick<T>(IReadOnlyList<T> all) => all[Below(all.Count)];

    /// <summary>One of them, each as often as its weight says.</summary>
    public T Pick<T>(ReadOnlySpan<(T Value, int Weight)> all)
    {
        int sum = 0;
        foreach ((_, int weight) in all)
            sum += weight;
        int chosen = Below(sum);
        foreach ((T value, int weight) in all)
        {
            if (chosen < weight) return value;
            chosen -= weight;
        }

        throw new InvalidOperationException("No weight at all.");
    }

    /// <summary>Fills with random bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
        for (int at = 0; at < bytes.Length; at++)
            bytes[at] = (byte)Next();
    }

    /// <summary>So many random bytes.</summary>
    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    /// <summary>Another generator, whose numbers do not depend on how many are drawn from this one later.</summary>
    public SimRandom Fork() => new(Next());

    private static ulong Mix(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
