using Mycel.Dht.Requests;
using Mycel.Dht.Routing;
using Mycel.Dht.Wire;

namespace Mycel.Dht.Lookups;

/// <summary>
/// One lookup, in two steps. <b>Approach</b>: several paths go towards the key, or towards other points of its region, and no node is asked by two of them, so
/// that one wrong neighbour spoils one path (S/Kademlia: Baumgart and Mies, ICPADS 2007). <b>Sweep</b>: every node within the region that was heard of is asked,
/// and asked for its neighbours at random points of the region; nodes that crowd at the key cannot hide the others, whose number in
/// the region follows from the size of the network and not from what lies near the key (Sridhar et al., "Content Censorship in the InterPlanetary File
/// System", NDSS 2024; Cholez et al., 2025). A record that is published goes to all of them that answered.
/// </summary>
internal sealed class Lookup
{
    /// <summary>The part of the region at the key that only one path goes to.</summary>
    private const double Core = 1.0 / 8;

    /// <summary>A region with so many times the nodes that are expected there is crowded.</summary>
    private const int CrowdFactor = 2;

    /// <summary>One of a thousand records is never given when each is given so often on average (e^-7).</summary>
    private const int TimesGiven = 7;

    /// <summary>Records of usual size that are given at once, beside contacts.</summary>
    private const int RecordsInAnswer = 3;

    /// <summary>Questions to one node for records; about enough for as many as it keeps of a key (<see cref="DhtOptions.MaxRecordsPerKey"/>).</summary>
    private const int MaxRounds = 5;

    /// <summary>Of all questions those that the paths may ask.</summary>
    private const double ApproachPart = 1.0 / 4;

    /// <summary>Contacts anywhere in the table that each path but the first begins with.</summary>
    private const int RandomSeedsPerPath = 2;

    private readonly ILookupHost _host;
    private readonly DhtKey _key;
    private readonly DhtKey _radius;
    private readonly DhtKey _core;
    private readonly bool _asksRecords;
    private readonly DhtRecord? _toStore;
    private readonly Action<Lookup> _done;
    private readonly List<LookupPath> _paths = [];
    private readonly HashSet<DhtKey> _known = [];
    private readonly List<Candidate> _nearest = [];
    private readonly Dictionary<UInt128, int> _groups = [];
    private readonly RecordHarvest _harvest;
    private int _inside;
    private int _questionsOfSweep;
    private int _inFlight;
    private int _recordHops;
    private int _stored;
    private bool _isSweeping;
    private bool _isOver;

    /// <summary>Makes a lookup; <see cref="Start"/> begins it.</summary>
    /// <param name="host">The node.</param>
    /// <param name="key">What is looked up.</param>
    /// <param name="radius">How far the region reaches; zero for the nearest nodes only.</param>
    /// <param name="asksRecords">Whether records of the key are asked for.</param>
    /// <param name="toStore">What is published, if anything is.</param>
    /// <param name="found">Called with each record as soon as it is found.</param>
    /// <param name="done">Called once at the end.</param>
    public Lookup(ILookupHost host, DhtKey key, DhtKey radius, bool asksRecords, DhtRecord? toStore, Action<DhtRecord>? found, Action<Lookup> done)
    {
        _host = host;
        _key = key;
        _radius = radius;
        _core = DhtKey.FromShare(radius.Share() * Core);
        _asksRecords = asksRecords;
        _toStore = toStore;
        _done = done;
        _harvest = new RecordHarvest(key, found);
        int perPath = Math.Max(1, (int)(host.Options.MaxQuestionsPerLookup * ApproachPart / host.Options.DisjointPaths));
        for (int i = 0; i < host.Options.DisjointPaths; i++)
        {
            bool isElsewhere = i > 0 && radius != default;
            _paths.Add(new LookupPath(isElsewhere ? OutsideCore() : key, isElsewhere, host.Options.Concurrency, perPath));
        }
    }

    public int Questions { get; private set; }

    /// <summary>Nodes heard of; bounded by <see cref="DhtOptions.MaxCandidates"/>.</summary>
    public int CandidateCount => _nearest.Count;

    /// <summary>What was found, of use at the end.</summary>
    public DhtLookupResult Result()
    {
        List<Candidate> answered = [.. _nearest.Where(c => c.State == CandidateState.Answered).Take(_host.Options.BucketSize)];
        return new DhtLookupResult
        {
            Key = _key,
            Nodes = [.. answered.Select(c => c.Contact)],
            Records = _harvest.Records,
            Hops = _recordHops > 0 ? _recordHops : answered.FirstOrDefault()?.Depth ?? 0,
            Questions = Questions,
            Stored = _stored,
        };
    }

    /// <summary>
    /// Begins: each path with nodes that are known near its target, and all but the first with some from anywhere. Who stands near the key knows hardly anyone there
    /// but the crowd, if there is one; others know more.
    /// </summary>
    public void Start(RoutingTable table, IReadOnlyList<DhtContact> seeds, IEnumerable<ReadOnlyMemory<byte>> own)
    {
        foreach (ReadOnlyMemory<byte> record in own)
            _harvest.TryAdd(record, _host.UtcNow);
        int dealt = 0;
        foreach (DhtContact seed in seeds)
            Add(seed, 1, _paths[dealt++ % _paths.Count]);
        foreach (DhtContact anyone in table.Sample(_host.Random, RandomSeedsPerPath * (_paths.Count - 1)))
            Add(anyone, 1, _paths[1 + (dealt++ % (_paths.Count - 1))], isFirst: true);
        bool alsoFailed = table.Count <= _host.Options.BucketSize;
        List<DhtContact>[] near = [.. _paths.Select(p => table.Closest(p.Target, _host.Options.BucketSize, alsoFailed))];
        for (int i = 0; i < _host.Options.BucketSize; i++)
        {
            // In turns, or paths with the same target would leave nothing to each other.
            for (int path = 0; path < near.Length; path++)
            {
                if (i < near[path].Count)
                    Add(near[path][i], 1, _paths[_radius == default ? dealt++ % _paths.Count : path]);
            }
        }

        Advance();
    }

    private void Add(DhtContact contact, int depth, LookupPath path, bool isFirst = false)
    {
        if (contact.Key == _host.Self || _nearest.Count >= _host.Options.MaxCandidates || !_known.Add(contact.Key))
            return;
        bool isFirstOfGroup = true;
        if (contact.Address.Reach == DhtReach.Public)
        {
            int ofGroup = _groups.GetValueOrDefault(contact.Address.Group);
            if (ofGroup >= _host.Options.MaxCandidatesPerGroup)
            {
                // Not known after all: the same node may be heard of at another address.
                _known.Remove(contact.Key);
                return;
            }

            _groups[contact.Address.Group] = ofGroup + 1;
            isFirstOfGroup = ofGroup == 0;
        }

        DhtKey distance = contact.Key.Xor(_key);
        var candidate = new Candidate(contact, distance, depth, path)
        {
            IsInside = _radius != default && distance <= _radius,
            IsInCore = _radius != default && distance <= _core,
            IsFirstOfGroup = isFirstOfGroup,
        };
        _inside += candidate.IsInside ? 1 : 0;
        int at = _nearest.BinarySearch(candidate, ByDistance.Instance);
        _nearest.Insert(at < 0 ? ~at : at, candidate);
        if (isFirst)
            path.AddFirst(candidate);
        else
            path.Add(candidate);
    }

    private void Advance()
    {
        if (_isOver)
            return;
        if (!_isSweeping)
        {
            Approach();
            if (_inFlight > 0)
                return;
            _isSweeping = true;
        }

        while (_inFlight < _host.Options.SweepConcurrency && Questions < _host.Options.MaxQuestionsPerLookup && NextOfSweep() is { } next)
            Ask(next, _radius == default ? _key : _host.Random.NextWithin(_key, _radius));
        if (_inFlight == 0)
            Finish();
    }

    private void Approach()
    {
        foreach (LookupPath path in _paths)
        {
            while (path.InFlight < _host.Options.Concurrency && path.Next() is { } next)
            {
                path.InFlight++;
                path.Questions++;
                Ask(next, path.Target);
            }
        }
    }

    /// <summary>
    /// The next node to ask: of the region the nearest one to a random point, so that all of the region has its turn whatever crowds in a part of it; else one of the nearest
    /// that are there, as Kademlia has it, but of as many groups of addresses. Of a crowded region's nodes hardly any tells of those that do not belong to
    /// the crowd. Then nodes around the region are asked as well, and at last all of the region once more, for neighbours of other points. Where there are more records
    /// than answers hold, those who have some are asked for others.
    /// </summary>
    private Candidate? NextOfSweep()
    {
        bool isCrowded = _inside > CrowdFactor * _host.Options.RegionNodes;
        int atLeast = isCrowded ? 2 : 1, rounds = Rounds();
        DhtKey point = _radius == default ? _key : _host.Random.NextWithin(_key, _radius);
        Candidate? inside = null, again = null, outside = null;
        DhtKey nearest = default, nearestAgain = default;
        int near = 0;
        foreach (Candidate candidate in _nearest)
        {
            if (!candidate.IsInside)
            {
                if (near >= _host.Options.BucketSize * (isCrowded ? CrowdFactor : 1))
                    break;
                if (candidate.State == CandidateState.New)
                    outside ??= candidate;
            }

            if (candidate.State != CandidateState.Silent && candidate.IsFirstOfGroup && !(isCrowded && candidate.IsInside))
                near++;
            if (!candidate.IsInside && !candidate.HasRecords)
                continue;
            DhtKey distance = candidate.Contact.Key.Xor(point);
            if (candidate.State == CandidateState.New && (inside is null || distance < nearest))
                (inside, nearest) = (candidate, distance);
            else if (candidate.State == CandidateState.Answered && candidate.Questions < (candidate.HasRecords ? Math.Max(rounds, atLeast) : atLeast) && (again is null || distance < nearestAgain))
                (again, nearestAgain) = (candidate, distance);
        }

        return isCrowded && _questionsOfSweep++ % 4 == 0 ? outside ?? inside ?? again : inside ?? outside ?? again;
    }

    /// <summary>
    /// How often each node that has records is asked for some, so that half of the nodes that the region holds by the size of the network, whoever else is there, give each
    /// record <see cref="TimesGiven"/> times on average: with false ones there may be many.
    /// </summary>
    private int Rounds()
    {
        double given = RecordsInAnswer * _host.Options.RegionNodes / 2.0;
        return Math.Min(MaxRounds, (int)Math.Ceiling(TimesGiven * _harvest.Count / given));
    }

    private DhtKey OutsideCore()
    {
        DhtKey target;
        do
        {
            target = _host.Random.NextWithin(_key, _radius);
        }
        while (target.Xor(_key) <= _core);
        return target;
    }

    private void Ask(Candidate candidate, DhtKey target)
    {
        candidate.State = CandidateState.Asked;
        candidate.Questions++;
        Questions++;
        _inFlight++;
        bool wasInSweep = _isSweeping;
        if (_host.TryAsk(candidate.Contact, Question.Find(target, _asksRecords ? _key : null), answer => Answered(candidate, wasInSweep, answer)))
            return;
        Ended(candidate, wasInSweep, isAnswered: false);
    }

    /// <summary>A question ended. Who answered once counts as there, also where it leaves a further question unanswered.</summary>
    private void Ended(Candidate candidate, bool wasInSweep, bool isAnswered)
    {
        _inFlight--;
        if (!wasInSweep)
            candidate.Path.InFlight--;
        candidate.State = isAnswered || candidate.Questions > 1 ? CandidateState.Answered : CandidateState.Silent;
    }

    private void Answered(Candidate candidate, bool wasInSweep, DhtMessage? answer)
    {
        Ended(candidate, wasInSweep, answer is not null);
        if (answer is not null)
        {
            foreach (ReadOnlyMemory<byte> record in _asksRecords ? answer.Records : [])
            {
                if (!_harvest.TryAdd(record, _host.UtcNow))
                    continue;
                candidate.HasRecords = true;
                if (_recordHops == 0)
                    _recordHops = candidate.Depth;
            }

            foreach (DhtContact contact in answer.Contacts)
            {
                // Who is on the Internet may not send others into private networks, nor anyone to the machine that asks.
                if (contact.Address.Reach >= candidate.Contact.Address.Reach)
                    Add(contact, candidate.Depth + 1, candidate.Path);
            }
        }

        Advance();
    }

    private void Finish()
    {
        _isOver = true;
        if (_toStore is null)
        {
            _done(this);
            return;
        }

        int near = 0;
        _inFlight++;
        foreach (Candidate candidate in _nearest.Where(c => c.State == CandidateState.Answered))
        {
            if (!candidate.IsInside && near >= _host.Options.BucketSize)
                break;
            near += candidate.IsFirstOfGroup ? 1 : 0;
            _inFlight++;
            Questions++;
            if (!_host.TryAsk(candidate.Contact, Question.Store(_toStore), StoreAnswered))
                _inFlight--;
        }

        EndStore();
    }

    private void StoreAnswered(DhtMessage? answer)
    {
        if (answer?.Kind == MessageKind.Stored)
            _stored++;
        EndStore();
    }

    private void EndStore()
    {
        if (--_inFlight == 0)
            _done(this);
    }

    private sealed class ByDistance : IComparer<Candidate>
    {
        public static ByDistance Instance { get; } = new();

        public int Compare(Candidate? x, Candidate? y) => x!.Distance.CompareTo(y!.Distance);
    }
}
