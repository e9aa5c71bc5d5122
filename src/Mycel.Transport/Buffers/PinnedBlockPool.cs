using System.Collections.Concurrent;

namespace Mycel.Transport.Buffers;

/// <summary>
/// Blocks of memory that stay where they are, for data that native code reads until it is acknowledged. They are the collector's
/// all the same: a mistake with their lifetime reads old bytes, never memory that was given back. Thread-safe.
/// </summary>
internal sealed class PinnedBlockPool
{
    /// <summary>Size of a small block, in bytes: a request, an answer, a token.</summary>
    public const int SmallBytes = 2 << 10;

    /// <summary>Size of a large block, in bytes.</summary>
    public const int LargeBytes = 32 << 10;

    /// <summary>Unused blocks kept of each size; more are left to the collector: 8 MB small, 32 MB large.</summary>
    private const int MaxKeptSmall = 4096;
    private const int MaxKeptLarge = 1024;

    private readonly ConcurrentQueue<byte[]> _small = new();
    private readonly ConcurrentQueue<byte[]> _large = new();
    private long _outstanding;
    private int _keptSmall;
    private int _keptLarge;

    /// <summary>Blocks that were rented and not returned.</summary>
    public long Outstanding => Interlocked.Read(ref _outstanding);

    /// <summary>A block for this many bytes, or the larger size where they do not fit.</summary>
    public byte[] Rent(int bytes)
    {
        Interlocked.Increment(ref _outstanding);
        if (bytes <= SmallBytes)
            return Take(_small, ref _keptSmall) ?? GC.AllocateUninitializedArray<byte>(SmallBytes, pinned: true);
        return Take(_large, ref _keptLarge) ?? GC.AllocateUninitializedArray<byte>(LargeBytes, pinned: true);
    }

    public void Return(byte[] block)
    {
        Interlocked.Decrement(ref _outstanding);
        if (block.Length == SmallBytes)
            Keep(_small, ref _keptSmall, MaxKeptSmall, block);
        else
            Keep(_large, ref _keptLarge, MaxKeptLarge, block);
    }

    private static byte[]? Take(ConcurrentQueue<byte[]> blocks, ref int kept)
    {
        if (!blocks.TryDequeue(out byte[]? block))
            return null;
        Interlocked.Decrement(ref kept);
        return block;
    }

    private static void Keep(ConcurrentQueue<byte[]> blocks, ref int kept, int limit, byte[] block)
    {
        if (Interlocked.Increment(ref kept) > limit)
            Interlocked.Decrement(ref kept);
        else
            blocks.Enqueue(block);
    }
}
