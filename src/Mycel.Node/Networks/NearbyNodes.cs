using Mycel.Identity;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>
/// Nodes of the own account that were heard near by a short while ago, such as on the local network, and where. Whoever puts one in has checked that the
/// device itself said so; where it was heard from is no more than a place to dial. Safe for use from several threads.
/// </summary>
internal sealed class NearbyNodes(TimeProvider time)
{
    /// <summary>Most nodes at once; when they are as many, a further one is left out until one of them falls silent.</summary>
    public const int MaxNodes = 256;

    /// <summary>Most addresses of a node: those from which its latest word was heard, the first before the others, then those of the word before.</summary>
    public const int MaxAddresses = 4;

    /// <summary>How long a node counts as near that is not heard any more.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(3);

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, Entry> _entries = [];

    /// <summary>The nodes that are near now.</summary>
    public IReadOnlyList<PeerId> All
    {
        get
        {
            lock (_gate)
            {
                RemoveSilent();
                return [.. _entries.Keys];
            }
        }
    }

    /// <summary>Where a node was heard; nothing for one that is not near.</summary>
    public IReadOnlyList<string> AddressesOf(PeerId peer)
    {
        lock (_gate)
        {
            RemoveSilent();
            return _entries.TryGetValue(peer, out var entry) ? entry.Addresses : [];
        }
    }

    /// <summary>A node said something.</summary>
    /// <param name="peer">The node.</param>
    /// <param name="sequence">A number that grows with each thing it says. What is older than the latest is left out, so that nothing is believed twice.</param>
    /// <param name="addresses">Where it may be dialled; may be none. Of what is heard several times, all addresses count.</param>
    /// <returns>What is new about it.</returns>
    public NearbyNews Hear(PeerId peer, long sequence, IReadOnlyList<string> addresses)
    {
        lock (_gate)
        {
            RemoveSilent();
            string[] said = [.. addresses.Where(LinkAddress.IsValid).Take(MaxAddresses)];
            if (!_entries.TryGetValue(peer, out var entry))
            {
                if (_entries.Count >= MaxNodes) return NearbyNews.None;
                _entries.Add(peer, new Entry(sequence, said, [], time.GetTimestamp()));
                return NearbyNews.Node;
            }

            if (sequence < entry.Sequence) return NearbyNews.None;
            var isLater = sequence > entry.Sequence;
            string[] latest = [.. (isLater ? [] : entry.Latest).Concat(said).Distinct(StringComparer.Ordinal).Take(MaxAddresses)];
            var isMoved = latest.Except(entry.Addresses).Any();
            _entries[peer] = new Entry(sequence, latest, isLater ? entry.Latest : entry.Before, isLater ? time.GetTimestamp() : entry.HeardAt);
            return isMoved ? NearbyNews.Address : isLater ? NearbyNews.Word : NearbyNews.None;
        }
    }

    private void RemoveSilent()
    {
        foreach (var (peer, entry) in _entries)
        {
            if (time.GetElapsedTime(entry.HeardAt) > Life) _entries.Remove(peer);
        }
    }

    /// <summary>What is known of one. One word comes over each network that both are on, a moment apart: so the addresses of the word before count too.</summary>
    private sealed record Entry(long Sequence, IReadOnlyList<string> Latest, IReadOnlyList<string> Before, long HeardAt)
    {
        public IReadOnlyList<string> Addresses { get; } = [.. Latest.Concat(Before).Distinct(StringComparer.Ordinal).Take(MaxAddresses)];
    }
}

/// <summary>What is new about a node that was heard.</summary>
internal enum NearbyNews
{
    /// <summary>Nothing: it was said before, or there are too many nodes.</summary>
    None,

    /// <summary>That it is still there.</summary>
    Word,

    /// <summary>An address.</summary>
    Address,

    /// <summary>The node itself.</summary>
    Node,
}
