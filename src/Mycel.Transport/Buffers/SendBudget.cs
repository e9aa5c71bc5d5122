namespace Mycel.Transport.Buffers;

/// <summary>How much written data may be held, by a connection within its endpoint. Thread-safe.</summary>
internal sealed class SendBudget(long limitBytes, SendBudget? whole = null)
{
    /// <summary>What a stream may hold however much the others do, in bytes.</summary>
    public const int AlwaysPerStreamBytes = PinnedBlockPool.LargeBytes;

    private long _held;

    /// <summary>Bytes held.</summary>
    public long HeldBytes => Interlocked.Read(ref _held);

    /// <summary>Bytes that a stream may add, of those it wants; the limits may be passed by what threads grant at the same moment.</summary>
    public int Grant(int wanted, long heldByStream)
    {
        long room = Math.Min(limitBytes - HeldBytes, whole is null ? long.MaxValue : whole.Room);
        return (int)Math.Clamp(Math.Max(room, AlwaysPerStreamBytes - heldByStream), 0, wanted);
    }

    public void Add(long bytes)
    {
        Interlocked.Add(ref _held, bytes);
        whole?.Add(bytes);
    }

    private long Room => limitBytes - HeldBytes;
}
