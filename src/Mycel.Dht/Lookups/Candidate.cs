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

    /// <summary>The path that found it first, and the only one that may ask it.</summary>
    public LookupPath Path { get; } = path;

    public CandidateState State { get; set; }
}

/// <summary>One of the paths of a lookup that have no node in common: its own target, and the candidates that only it may ask.</summary>
internal sealed class LookupPath(DhtKey target, int converged, int maxQuestions)
{
    private readonly List<(DhtKey Distance, Candidate Candidate)> _nearest = [];

    public DhtKey Target { get; } = target;

    public int InFlight { get; set; }

    public int Questions { get; set; }

    public void Add(Candidate candidate)
    {
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

    /// <summary>The nearest candidate not yet asked; null where the nearest few have all answered, or all it may ask were asked.</summary>
    public Candidate? Next()
    {
        if (Questions >= maxQuestions)
            return null;
        int near = 0;
        foreach ((_, Candidate candidate) in _nearest)
        {
            if (candidate.State == CandidateState.New)
                return candidate;
            if (candidate.State != CandidateState.Silent && ++near == converged)
                return null;
        }

        return null;
    }
}
