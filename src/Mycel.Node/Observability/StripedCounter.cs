using System.Runtime.InteropServices;

namespace Mycel.Node.Observability;

/// <summary>A counter that many threads raise at once without sharing a cache line; folded when read.</summary>
internal sealed class StripedCounter
{
    private static readonly int Mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 64)) - 1;

    private readonly Cell[] _cells = new Cell[Mask + 1];

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Cell
    {
        public long Value;
    }

    public long Value
    {
        get
        {
            long sum = 0;
            for (var i = 0; i < _cells.Length; i++) sum += Volatile.Read(ref _cells[i].Value);
            return sum;
        }
    }

    public void Add(long amount) => Interlocked.Add(ref _cells[Thread.GetCurrentProcessorId() & Mask].Value, amount);

    public void Increment() => Add(1);
}
