using System.Buffers.Binary;

namespace Mycel.Dht;

/// <summary>Numbers out of random bytes.</summary>
internal static class RandomExtensions
{
    public static ulong NextUInt64(this IDhtRandom random)
    {
        Span<byte> bytes = stackalloc byte[8];
        random.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>A number from 0 to below <paramref name="count"/>; the bias of the remainder is below 2^-32 for counts that occur here.</summary>
    public static int Below(this IDhtRandom random, int count) => (int)(random.NextUInt64() % (ulong)count);

    public static DhtKey NextKey(this IDhtRandom random)
    {
        Span<byte> bytes = stackalloc byte[DhtKey.SizeBytes];
        random.Fill(bytes);
        return DhtKey.Read(bytes);
    }

    /// <summary>A random key no farther than a distance from another.</summary>
    public static DhtKey NextWithin(this IDhtRandom random, DhtKey center, DhtKey radius)
    {
        DhtKey any = random.NextKey();
        UInt128 high = radius.High == UInt128.MaxValue ? any.High : any.High % (radius.High + 1);
        return center.Xor(new DhtKey(high, any.Low));
    }

    /// <summary>A random key that has exactly the first <paramref name="bits"/> bits in common with another.</summary>
    public static DhtKey NextInBucket(this IDhtRandom random, DhtKey self, int bits)
    {
        DhtKey any = random.NextKey();
        UInt128 top = (UInt128)1 << 127;
        if (bits >= 128)
        {
            UInt128 low = top >> (bits - 128);
            return self.Xor(new DhtKey(0, low | (any.Low & (low - 1))));
        }

        UInt128 high = top >> bits;
        return self.Xor(new DhtKey(high | (any.High & (high - 1)), any.Low));
    }
}
