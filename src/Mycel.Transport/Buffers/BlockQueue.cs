using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Buffers;

/// <summary>Bytes in pooled blocks, added at the end and removed at the front. Not thread-safe.</summary>
internal sealed class BlockQueue(PinnedBlockPool pool)
{
    /// <summary>So many blocks may be small ones; a queue that grows further is worth large ones.</summary>
    private const int SmallBlocks = 2;

    private readonly PinnedBlockPool _pool = pool;
    private Block[] _blocks = [];
    private int _head;
    private int _count;
    private int _consumedOfHead;

    /// <summary>Bytes in the queue.</summary>
    public long Length { get; private set; }

    public void Append(ReadOnlySpan<byte> data)
    {
        Length += data.Length;
        while (data.Length > 0)
        {
            if (_count == 0 || At(_count - 1).Free == 0)
                Add(_pool.Rent(_count < SmallBlocks ? data.Length : PinnedBlockPool.LargeBytes));
            ref Block last = ref At(_count - 1);
            int taken = Math.Min(data.Length, last.Free);
            data[..taken].CopyTo(last.Bytes.AsSpan(last.Used));
            last.Used += taken;
            data = data[taken..];
        }
    }

    /// <summary>Copies from the front and removes what was copied.</summary>
    public int Take(Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length && _count > 0)
        {
            ref Block first = ref At(0);
            int taken = Math.Min(first.Used - _consumedOfHead, destination.Length - total);
            first.Bytes.AsSpan(_consumedOfHead, taken).CopyTo(destination[total..]);
            total += taken;
            Remove(taken);
        }

        return total;
    }

    /// <summary>Removes bytes from the front; blocks that hold none any more go back to the pool.</summary>
    public void Remove(long bytes)
    {
        Length -= bytes;
        while (bytes > 0)
        {
            ref Block first = ref At(0);
            int taken = (int)Math.Min(bytes, first.Used - _consumedOfHead);
            _consumedOfHead += taken;
            bytes -= taken;
            if (_consumedOfHead == first.Used && (first.Free == 0 || _count > 1 || Length == 0))
                RemoveHead();
        }
    }

    /// <summary>Points to the bytes from an offset on, in at most so many pieces; returns how many.</summary>
    public unsafe int Peek(long offset, NativeVector* pieces, int limit)
    {
        int found = 0;
        long skip = offset + _consumedOfHead;
        for (int i = 0; i < _count && found < limit; i++)
        {
            ref Block block = ref At(i);
            if (skip >= block.Used)
            {
                skip -= block.Used;
                continue;
            }

            pieces[found].Base = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(block.Bytes)) + skip;
            pieces[found++].Length = (nuint)(block.Used - skip);
            skip = 0;
        }

        return found;
    }

    public void Clear()
    {
        while (_count > 0)
            RemoveHead();
        Length = 0;
    }

    private ref Block At(int index) => ref _blocks[(_head + index) & (_blocks.Length - 1)];

    private void Add(byte[] bytes)
    {
        if (_count == _blocks.Length)
        {
            var larger = new Block[Math.Max(2, _blocks.Length * 2)];
            for (int i = 0; i < _count; i++)
                larger[i] = At(i);
            _blocks = larger;
            _head = 0;
        }

        _count++;
        At(_count - 1) = new Block { Bytes = bytes };
    }

    private void RemoveHead()
    {
        _pool.Return(At(0).Bytes);
        At(0) = default;
        _head = (_head + 1) & (_blocks.Length - 1);
        _count--;
        _consumedOfHead = 0;
    }

    private struct Block
    {
        public byte[] Bytes;
        public int Used;

        public readonly int Free => Bytes.Length - Used;
    }
}
