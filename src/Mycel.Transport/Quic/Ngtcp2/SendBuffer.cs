using Mycel.Transport.Buffers;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// What a stream has written and the peer has not acknowledged: in place, unchanged, because packets sent again are made from it.
/// Offsets are those of the stream. Also the lock of a stream's sending side; its users hold it.
/// </summary>
internal sealed class SendBuffer(PinnedBlockPool pool)
{
    private readonly BlockQueue _bytes = new(pool);

    /// <summary>Everything before this the peer has.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Everything before this was given to the protocol.</summary>
    public long Sent { get; private set; }

    /// <summary>Where the next byte goes.</summary>
    public long End { get; private set; }

    /// <summary>Whether the stream ends at <see cref="End"/>.</summary>
    public bool HasEnd { get; set; }

    /// <summary>Whether the end was given to the protocol.</summary>
    public bool EndSent { get; private set; }

    /// <summary>Bytes that are held.</summary>
    public long HeldBytes => End - Acknowledged;

    public bool HasUnsent => Sent < End || (HasEnd && !EndSent);

    /// <summary>The peer has everything, end included.</summary>
    public bool IsDelivered => EndSent && EndAcknowledged;

    /// <summary>Set when the protocol says the stream is done with.</summary>
    public bool EndAcknowledged { get; set; }

    public void Append(ReadOnlySpan<byte> data)
    {
        _bytes.Append(data);
        End += data.Length;
    }

    /// <summary>Points to unsent bytes.</summary>
    public unsafe int PeekUnsent(NativeVector* pieces, int limit) => Sent == End ? 0 : _bytes.Peek(Sent - Acknowledged, pieces, limit);

    public void MarkSent(long bytes, bool end)
    {
        Sent += bytes;
        EndSent |= end;
    }

    /// <summary>Lets go of what the peer has; returns how many bytes.</summary>
    public long Acknowledge(long upTo)
    {
        long freed = upTo - Acknowledged;
        if (freed <= 0)
            return 0;
        _bytes.Remove(freed);
        Acknowledged = upTo;
        return freed;
    }

    /// <summary>Lets go of everything; only once the protocol has no use of it. Returns how many bytes were held.</summary>
    public long Clear()
    {
        long held = HeldBytes;
        _bytes.Clear();
        Acknowledged = Sent = End;
        HasEnd = EndSent = true;
        return held;
    }
}
