namespace Mycel.Ledger.Books;

/// <summary>One at a time for each key, in the order of their coming. Holds only the keys that someone is in or waits for.</summary>
internal sealed class KeyedLock<TKey>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Door> _doors = [];

    public async Task<IDisposable> EnterAsync(TKey key)
    {
        Door door;
        lock (_lock)
        {
            if (!_doors.TryGetValue(key, out door!)) _doors.Add(key, door = new Door());
            door.Users++;
        }

        await door.Gate.WaitAsync();
        return new Inside(this, key, door);
    }

    private void Leave(TKey key, Door door)
    {
        lock (_lock)
        {
            if (--door.Users == 0) _doors.Remove(key);
        }

        door.Gate.Release();
    }

    private sealed class Door
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Inside(KeyedLock<TKey> owner, TKey key, Door door) : IDisposable
    {
        public void Dispose() => owner.Leave(key, door);
    }
}
