namespace Mycel.Node.Backends;

/// <summary>Something that can answer a request: a relay device, a local model, later a peer.</summary>
internal abstract class Backend(string route, TimeProvider time)
{
    private readonly Lock _reachLock = new();
    private Task<bool>? _reach;

    /// <summary>The route's name, such as <c>relay:ipad</c>.</summary>
    public string Route { get; } = route;

    /// <summary>Requests it may have in flight.</summary>
    public abstract int MaxConcurrent { get; }

    /// <summary>Requests in flight; kept by the dispatcher under its lock.</summary>
    public int InFlight { get; set; }

    /// <summary>Whether its silence says nothing, because others watch over it: it is asked whether it is there, and never given up for its silence.</summary>
    public virtual bool MayBeSilent => false;

    public BackendHealth Health { get; } = new(time);

    /// <summary>How far it is to be relied on by what was seen of it over weeks: 1 for fully, less for one that broke off or did not keep its word.</summary>
    public virtual double Reliability => 1;

    /// <summary>Asks it once. Whatever happens is in the outcome; only defects throw.</summary>
    public abstract ValueTask<AttemptOutcome> AttemptAsync(BackendCall call, Offer offer, IReplySink sink);

    /// <summary>Whether its machine is there at all, asked while it is silent; answers within a second. Asked by many at once it looks
    /// once.</summary>
    public Task<bool> IsReachableAsync()
    {
        lock (_reachLock)
        {
            if (_reach is { IsCompleted: false }) return _reach;
            return _reach = LookAsync();
        }
    }

    /// <summary>Looks once whether its machine is there, for a second at most.</summary>
    protected abstract Task<bool> LookAsync();
}
