using Mycel.Dht.Requests;
using Mycel.Dht.Routing;

namespace Mycel.Dht;

/// <summary>What a node does by itself, in rounds: joining, refreshing its buckets, asking silent contacts, publishing its records anew.</summary>
internal sealed class Maintenance(DhtNode node, RoutingTable table)
{
    /// <summary>Bootstrap contacts that are kept, for when all others are gone.</summary>
    public const int MaxBootstrap = 64;

    /// <summary>Silent contacts asked in one round.</summary>
    public const int MaxChecksPerRound = 16;

    /// <summary>Publications under way at a time.</summary>
    private const int MaxPublishing = 4;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(30);

    /// <summary>Pause before entering is tried a second time; it doubles with each further time, up to a round.</summary>
    private static readonly TimeSpan FirstEntryPause = TimeSpan.FromSeconds(2);

    /// <summary>Pause before a record that nobody stored is published again; it doubles with each further time.</summary>
    private static readonly TimeSpan FirstPublishPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestPublishPause = TimeSpan.FromMinutes(5);

    private readonly List<DhtContact> _bootstrap = [];
    private readonly Dictionary<DhtKey, Publication> _publications = [];
    private readonly long[] _refreshedAt = new long[DhtKey.Bits];
    private readonly List<BucketEntry> _silent = [];
    private long _nextRound;
    private long _nextEntry = long.MaxValue;
    private TimeSpan _entryPause = FirstEntryPause;
    private long _nextPublish = long.MaxValue;
    private int _publishing;
    private bool _isRefreshing;

    /// <summary>When there is something to do next.</summary>
    public long NextDue => Math.Min(Math.Min(_nextRound, _nextEntry), _publishing < MaxPublishing ? _nextPublish : long.MaxValue);

    public int PublicationCount => _publications.Count;

    /// <summary>Sets out somewhere between two rounds and between two refreshes, so that nodes started together do not all act together.</summary>
    public void Begin(long now)
    {
        _nextRound = now + (long)(node.Ticks(Round) * Part());
        for (int i = 0; i < _refreshedAt.Length; i++)
            _refreshedAt[i] = now - (long)(node.Ticks(node.Options.RefreshInterval) * Part());
    }

    /// <summary>Enters a network through some of its nodes.</summary>
    public void Join(IEnumerable<DhtContact> contacts)
    {
        foreach (DhtContact contact in contacts)
        {
            _bootstrap.RemoveAll(c => c.Key == contact.Key);
            if (_bootstrap.Count == MaxBootstrap)
                _bootstrap.RemoveAt(0);
            _bootstrap.Add(contact);
        }

        _entryPause = FirstEntryPause;
        Enter();
    }

    public bool TryPublish(DhtKey key, Func<DhtRecord> make, Action<DhtLookupResult>? done)
    {
        if (!_publications.ContainsKey(key) && _publications.Count >= node.Options.MaxPublications)
            return false;
        _publications[key] = new Publication(make, done) { DueAt = node.Now };
        _nextPublish = node.Now;
        PublishDue(node.Now);
        return true;
    }

    public void Withdraw(DhtKey key) => _publications.Remove(key);

    /// <summary>Does what is due.</summary>
    public void Run(long now)
    {
        if (now >= _nextRound)
        {
            // A little irregular, so that nodes started together do not all act together for ever.
            _nextRound = now + (long)(node.Ticks(Round) * (0.75 + (0.5 * Part())));
            CheckSilent(now);
            // All contacts are gone.
            if (table.Count == 0 && _bootstrap.Count > 0 && _nextEntry == long.MaxValue)
                Enter();
            else
                Refresh(now);
        }

        if (now >= _nextEntry)
        {
            _nextEntry = long.MaxValue;
            if (table.Count == 0)
                Enter();
            else
                _entryPause = FirstEntryPause;
        }

        PublishDue(now);
    }

    private double Part() => node.Random.Below(1 << 20) / (double)(1 << 20);

    /// <summary>
    /// Looks up its own neighbours through the bootstrap contacts, and then all around. Where none of them answers, for a single message lost or since they are only starting
    /// themselves, it is tried again after growing pauses.
    /// </summary>
    private void Enter()
    {
        // All is to be looked up as soon as somebody is known, also where that is by a question of theirs.
        Array.Fill(_refreshedAt, long.MinValue / 2);
        if (_bootstrap.Count == 0)
            return;
        _nextEntry = node.Now + node.Ticks(_entryPause);
        _entryPause = Shorter(_entryPause * 2, Round);
        node.TryLookupNodes(node.Self, _bootstrap, isRandom: false, _ =>
        {
            if (table.Count == 0)
                return;
            Refresh(node.Now);
            PublishWhatNobodyStored();
        });
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private void CheckSilent(long now)
    {
        _silent.Clear();
        table.Silent(now - node.Ticks(node.Options.LivenessInterval), MaxChecksPerRound, _silent);
        foreach (BucketEntry entry in _silent)
        {
            entry.CheckedAt = now;
            node.TryAsk(entry.Contact, Question.Ping, static _ => { });
        }
    }

    /// <summary>Looks up a random key in the nearest range of distances that is due, and so on with the next, one at a time.</summary>
    private void Refresh(long now)
    {
        if (_isRefreshing || table.Count == 0)
            return;
        int due = DuePrefix(now);
        if (due < 0)
            return;
        _refreshedAt[due] = now;
        bool isSelf = due == Deepest();
        DhtKey target = isSelf ? node.Self : node.Random.NextInBucket(node.Self, due);
        _isRefreshing = true;
        bool isStarted = node.TryLookupNodes(target, [], !isSelf, _ =>
        {
            _isRefreshing = false;
            Refresh(node.Now);
        });
        if (!isStarted)
            _isRefreshing = false;
    }

    private int DuePrefix(long now)
    {
        long since = now - node.Ticks(node.Options.RefreshInterval);
        for (int i = Deepest(); i >= 0; i--)
        {
            if (_refreshedAt[i] <= since)
                return i;
        }

        return -1;
    }

    /// <summary>One range beyond the nearest bucket that can be full: there are too few nodes in the ranges behind it to be looked up one by one, and a lookup of this node's own id finds them.</summary>
    private int Deepest()
    {
        List<DhtContact> near = table.Closest(node.Self, node.Options.BucketSize, alsoFailed: true);
        return near.Count < node.Options.BucketSize ? 0 : Math.Min(DhtKey.Bits - 2, node.Self.CommonPrefix(near[^1].Key) + 1);
    }

    private void PublishDue(long now)
    {
        if (now < _nextPublish)
            return;
        _nextPublish = long.MaxValue;
        // A copy: whoever is called at the end of one may publish or withdraw another.
        foreach ((DhtKey key, Publication publication) in _publications.ToArray())
        {
            if (publication.DueAt <= now && _publishing < MaxPublishing)
                Publish(key, publication, now);
            _nextPublish = Math.Min(_nextPublish, publication.DueAt);
        }
    }

    private void Publish(DhtKey key, Publication publication, long now)
    {
        // Counted as due again long before it is over, should its end never come about.
        publication.DueAt = now + node.Ticks(node.Options.RepublishInterval);
        _publishing++;
        publication.IsUnderWay = true;
        bool isStarted = node.TryLookupToStore(key, publication.Make(), result =>
        {
            _publishing--;
            publication.IsUnderWay = false;
            TimeSpan wait = result.Stored > 0 ? node.Options.RepublishInterval * (0.8 + (0.2 * Part())) : publication.Pause;
            publication.Pause = result.Stored > 0 ? FirstPublishPause : Shorter(publication.Pause * 2, LongestPublishPause);
            publication.IsStored = result.Stored > 0;
            publication.DueAt = node.Now + node.Ticks(wait);
            _nextPublish = Math.Min(_nextPublish, publication.DueAt);
            publication.Done?.Invoke(result);
        });
        if (isStarted)
            return;
        _publishing--;
        publication.IsUnderWay = false;
        publication.DueAt = now + node.Ticks(FirstPublishPause);
    }

    /// <summary>There is someone now who can store them.</summary>
    private void PublishWhatNobodyStored()
    {
        foreach (Publication publication in _publications.Values)
        {
            if (publication.IsStored || publication.IsUnderWay)
                continue;
            publication.Pause = FirstPublishPause;
            publication.DueAt = node.Now;
            _nextPublish = node.Now;
        }
    }

    private sealed class Publication(Func<DhtRecord> make, Action<DhtLookupResult>? done)
    {
        public Func<DhtRecord> Make { get; } = make;

        public Action<DhtLookupResult>? Done { get; } = done;

        public long DueAt { get; set; }

        /// <summary>How long it waits should nobody store it this time.</summary>
        public TimeSpan Pause { get; set; } = FirstPublishPause;

        /// <summary>Whether somebody stored it the last time.</summary>
        public bool IsStored { get; set; }

        public bool IsUnderWay { get; set; }
    }
}
