using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>
/// What this node itself has seen of its peers. It ranks them, and never moves credits. It is kept in memory, and needs a store only to outlive the node. Safe
/// for use from many threads.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class ReputationBook(TimeProvider time)
{
    /// <summary>Most peers; of those seen longest ago nothing is kept.</summary>
    public const int MaxPeers = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, ReputationSums> _peers = [];
    private readonly List<PeerId> _forgotten = [];

    /// <summary>Peers of which something is known.</summary>
    public int Peers
    {
        get
        {
            lock (_lock) return _peers.Count;
        }
    }

    /// <summary>Whether something was seen that <see cref="FlushAsync"/> has not written.</summary>
    public bool HasNews
    {
        get
        {
            lock (_lock) return _forgotten.Count > 0 || _peers.Values.Any(static sums => sums.IsDirty);
        }
    }

    /// <summary>Reads what is kept of peers that were not seen since the start of the node; once, when the store is opened.</summary>
    public async Task RestoreAsync(ILedgerStore store, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>> kept = await store.ReputationsAsync(cancellation);
        lock (_lock)
        {
            foreach ((PeerId peer, ReadOnlyMemory<byte> bytes) in kept)
            {
                if (ReputationSums.Parse(bytes.Span) is { } sums) _peers.TryAdd(peer, sums);
            }

            while (_peers.Count > MaxPeers) ForgetOldest();
        }
    }

    /// <summary>Adds what was observed of a peer, in memory; <see cref="FlushAsync"/> writes it.</summary>
    public void Observe(PeerId peer, Observation seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        lock (_lock)
        {
            if (!_peers.TryGetValue(peer, out ReputationSums? sums))
            {
                if (_peers.Count >= MaxPeers) ForgetOldest();
                _peers[peer] = sums = new ReputationSums();
            }

            sums.Add(seen, time.GetUtcNow());
            sums.IsDirty = true;
        }
    }

    /// <summary>What is known of a peer.</summary>
    public Reputation Of(PeerId peer)
    {
        lock (_lock) return _peers.GetValueOrDefault(peer)?.Read(time.GetUtcNow()) ?? new Reputation(0, 0, 0, 0, null, null);
    }

    /// <summary>Writes what has changed since the last time; now and then, and at the end of the node.</summary>
    public async Task FlushAsync(ILedgerStore store, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var writes = new List<LedgerWrite>();
        lock (_lock)
        {
            foreach (PeerId peer in _forgotten.Where(peer => !_peers.ContainsKey(peer))) writes.Add(new LedgerWrite.Reputation(peer, default));
            _forgotten.Clear();
            foreach ((PeerId peer, ReputationSums sums) in _peers.Where(pair => pair.Value.IsDirty))
            {
                writes.Add(new LedgerWrite.Reputation(peer, sums.ToBytes()));
                sums.IsDirty = false;
            }
        }

        await Task.WhenAll(writes.Select(write => store.WriteAsync(write, cancellation)));
    }

    private void ForgetOldest()
    {
        PeerId oldest = _peers.MinBy(pair => pair.Value.At).Key;
        _peers.Remove(oldest);
        if (_forgotten.Count < MaxPeers) _forgotten.Add(oldest);
    }
}
