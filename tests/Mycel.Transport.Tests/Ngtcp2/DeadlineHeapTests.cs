using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Ngtcp2;

public class DeadlineHeapTests
{
    [Fact]
    public void The_earliest_is_first_after_any_changes()
    {
        var random = new Random(1);
        var heap = new DeadlineHeap<Item>();
        Item[] items = [.. Enumerable.Range(0, 50).Select(_ => new Item())];
        for (int step = 0; step < 20_000; step++)
        {
            Item item = items[random.Next(items.Length)];
            if (random.Next(4) == 0)
                heap.Remove(item);
            else
                heap.Set(item, (ulong)random.Next(1000));

            ulong expected = items.Where(one => one.HeapIndex >= 0).Select(one => one.Deadline).DefaultIfEmpty(ulong.MaxValue).Min();
            Assert.Equal(expected, heap.Earliest);
        }
    }

    private sealed class Item : IDeadline
    {
        public ulong Deadline { get; set; }

        public int HeapIndex { get; set; } = -1;
    }
}
