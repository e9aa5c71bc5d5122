namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>Something that must be looked at at a time.</summary>
internal interface IDeadline
{
    /// <summary>When, in nanoseconds of <see cref="MonotonicClock"/>.</summary>
    ulong Deadline { get; set; }

    /// <summary>Where it stands in the heap; -1 for nowhere. Set to -1 at first.</summary>
    int HeapIndex { get; set; }
}

/// <summary>Finds the earliest deadline of many, which change often. Not thread-safe.</summary>
internal sealed class DeadlineHeap<T>
    where T : class, IDeadline
{
    private readonly List<T> _items = [];

    public ulong Earliest => _items.Count == 0 ? ulong.MaxValue : _items[0].Deadline;

    public T First => _items[0];

    /// <summary>Puts an item in, or to its new place.</summary>
    public void Set(T item, ulong deadline)
    {
        if (item.HeapIndex < 0)
        {
            item.Deadline = deadline;
            item.HeapIndex = _items.Count;
            _items.Add(item);
            Up(item.HeapIndex);
            return;
        }

        if (item.Deadline == deadline)
            return;
        bool earlier = deadline < item.Deadline;
        item.Deadline = deadline;
        if (earlier)
            Up(item.HeapIndex);
        else
            Down(item.HeapIndex);
    }

    public void Remove(T item)
    {
        int index = item.HeapIndex;
        if (index < 0)
            return;
        item.HeapIndex = -1;
        T last = _items[^1];
        _items.RemoveAt(_items.Count - 1);
        if (ReferenceEquals(last, item))
            return;
        Place(last, index);
        Up(index);
        Down(last.HeapIndex);
    }

    private void Up(int index)
    {
        T item = _items[index];
        while (index > 0 && item.Deadline < _items[(index - 1) / 2].Deadline)
        {
            Place(_items[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }

        Place(item, index);
    }

    private void Down(int index)
    {
        T item = _items[index];
        while (true)
        {
            int child = (2 * index) + 1;
            if (child >= _items.Count)
                break;
            if (child + 1 < _items.Count && _items[child + 1].Deadline < _items[child].Deadline)
                child++;
            if (item.Deadline <= _items[child].Deadline)
                break;
            Place(_items[child], index);
            index = child;
        }

        Place(item, index);
    }

    private void Place(T item, int index)
    {
        _items[index] = item;
        item.HeapIndex = index;
    }
}
