using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>What this node itself has seen of its peers. It ranks them, and never moves credits. Safe for use from many threads.</summary>
/// <param name="context">What all books share.</param>
public sealed class ReputationBook(BookContext context)
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

    /// <summary>Reads what is kept; once, at the start of the node.</summary>
    public async Task RestoreAsync(CancellationToken cancellation = default)
    {
        IReadOnlyDictionary<PeerId, ReadOnlyMemory<byte>> kept = await context.Store.ReputationsAsync(cancellation);
        lock (_lock)
        {
            foreach ((PeerId peer, ReadOnlyMemory<byte> bytes) in kept)
            {
                if (ReputationSums.Parse(bytes.Span) is { } sums) _peers[peer] = sums;
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

            sums.Add(seen, context.Now);
            sums.IsDirty = true;
        }
    }

    /// <summary>What is known of a peer.</summary>
    public Reputation Of(PeerId peer)
    {
        lock (_lock) return _peers.GetValueOrDefault(peer)?.Read(context.Now) ?? new Reputation(0, 0, 0, 0, null, null);
    }

    /// <summary>Writes what has changed since the last time; now and then, and at the end of the node.</summary>
    public async Task FlushAsync(CancellationToken cancellation = default)
    {
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

        await Task.WhenAll(writes.Select(write => context.Store.WriteAsync(write, cancellation)));
    }

    private void ForgetOldest()
    {
        PeerId oldest = _peers.MinBy(pair => pair.Value.At).Key;
        _peers.Remove(oldest);
        if (_forgotten.Count < MaxPeers) _forgotten.Add(oldest);
    }
}
