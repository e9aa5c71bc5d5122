namespace Mycel.Dht.Lookups;

/// <summary>Where the asking of a candidate stands.</summary>
internal enum CandidateState
{
    New,
    Asked,
    Answered,
    Silent,
}

/// <summary>A node that a lookup heard of.</summary>
internal sealed class Candidate(DhtContact contact, DhtKey distance, int depth, LookupPath path)
{
    public DhtContact Contact { get; } = contact;

    /// <summary>From the key that is looked up.</summary>
    public DhtKey Distance { get; } = distance;

    /// <summary>Hops to it: 1 for a node that was known before.</summary>
    public int Depth { get; } = depth;

    /// <summary>Whether it stands within the region.</summary>
    public required bool IsInside { get; init; }

    /// <summary>Whether it stands in the part of the region at the key that only one path goes to.</summary>
    public required bool IsInCore { get; init; }

    /// <summary>Whether it is the first that was heard of its /24 or /48; always, where addresses are not on the Internet.</summary>
    public required bool IsFirstOfGroup { get; init; }

    /// <summary>The path that found it first, and the only one that may ask it.</summary>
    public LookupPath Path { get; } = path;

    public CandidateState State { get; set; }

    /// <summary>Whether it gave valid records of the key.</summary>
    public bool HasRecords { get; set; }

    /// <summary>How often it was asked.</summary>
    public int Questions { get; set; }
}

/// <summary>
/// One of the paths of a lookup that have no node in common: its own target, and the candidates that only it may ask. It ends when the nearest few have all
/// answered, but not before it asked some more, so that the first crowd it meets is not all it sees.
/// </summary>
internal sealed class LookupPath(DhtKey target, bool avoidsCore, int converged, int maxQuestions)
{
    /// <summary>Questions that a path asks at least, as long as there is anyone to ask.</summary>
    private const int FewestQuestions = 6;

    private readonly List<(DhtKey Distance, Candidate Candidate)> _nearest = [];
    private readonly Queue<Candidate> _first = new();

    public DhtKey Target { get; } = target;

    public int InFlight { get; set; }

    public int Questions { get; set; }

    /// <summary>Takes a candidate that is asked before all others, however far it is.</summary>
    public void AddFirst(Candidate candidate)
    {
        _first.Enqueue(candidate);
        Add(candidate);
    }

    public void Add(Candidate candidate)
    {
        // What crowds at the key is left to the sweep.
        if (avoidsCore && candidate.IsInCore)
            return;
        DhtKey distance = candidate.Contact.Key.Xor(Target);
        int low = 0;
        for (int high = _nearest.Count; low < high;)
        {
            int middle = (low + high) / 2;
            if (_nearest[middle].Distance < distance)
                low = middle + 1;
            else
                high = middle;
        }

        _nearest.Insert(low, (distance, candidate));
    }

    /// <summary>The candidate to ask next; null where the path is at its end, or waits for answers to tell.</summary>
    public Candidate? Next()
    {
        if (Questions >= maxQuestions)
            return null;
        if (_first.TryDequeue(out Candidate? first))
            return first;
        int near = 0;
        foreach ((_, Candidate candidate) in _nearest)
        {
            if (candidate.State == CandidateState.New)
                return candidate;
            if (candidate.State != CandidateState.Silent && ++near >= converged && Questions >= FewestQuestions)
                return null;
        }

        return null;
    }
}
