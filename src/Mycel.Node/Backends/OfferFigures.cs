namespace Mycel.Node.Backends;

/// <summary>
/// What was measured of one model on one backend: medians over the latest answers. Cheap enough for every request: where two record at once, one of
/// the two samples is left out instead of waited for. Reading takes no lock.
/// </summary>
internal sealed class OfferFigures
{
    /// <summary>Samples from which on a figure counts: the first answer may have had a model to load, or a connection to open.</summary>
    public const int MinSamples = 3;

    /// <summary>Fewest tokens of an answer that tell a rate.</summary>
    private const int MinTokens = 4;

    /// <summary>Weight of the latest answer in the share of successes.</summary>
    private const double SuccessWeight = 0.1;

    private const double MaxTokensPerSecond = 1e6;

    private readonly Lock _lock = new();
    private readonly MovingMedian _firstToken = new();
    private readonly MovingMedian _rate = new();
    private double _successShare = 1;
    private volatile OfferClaims? _claims;
    private long _lastUsedAt = -1;

    /// <summary>What the backend says of itself; null for one that says nothing.</summary>
    public OfferClaims? Claims
    {
        get => _claims;
        set => _claims = value;
    }

    /// <summary>Requests in flight for this model; kept by the dispatcher under its lock.</summary>
    public int InFlight { get; set; }

    /// <summary>Its place among equals, see <see cref="Routing"/>; kept by the dispatcher under its lock.</summary>
    public double Turn { get; set; }

    /// <summary>When a slot of it was last taken, in milliseconds of the dispatcher's clock; -1 for never.</summary>
    public long LastUsedAt
    {
        get => Volatile.Read(ref _lastUsedAt);
        set => Volatile.Write(ref _lastUsedAt, value);
    }

    /// <summary>Seconds from asking it to its first output: measured, else as it says itself; NaN where neither is known.</summary>
    public double FirstTokenSeconds => OrClaimed(_firstToken.Value, Claims?.FirstTokenSeconds);

    /// <summary>Tokens a second of one answer: measured, else as it says itself; NaN where neither is known.</summary>
    public double TokensPerSecond => OrClaimed(_rate.Value, Claims?.TokensPerSecond);

    /// <summary>Whether a figure is this node's own measurement.</summary>
    public bool IsMeasured => !double.IsNaN(_firstToken.Value) || !double.IsNaN(_rate.Value);

    /// <summary>Share of answers that were whole, 0 to 1; the latest count most.</summary>
    public double SuccessShare => Volatile.Read(ref _successShare);

    /// <summary>A stream came to its end.</summary>
    /// <param name="firstToken">From asking to the first output.</param>
    /// <param name="tokens">Tokens of the answer.</param>
    /// <param name="generating">From the first output to the end.</param>
    public void RecordStream(TimeSpan firstToken, long tokens, TimeSpan generating)
    {
        if (!_lock.TryEnter()) return;
        try
        {
            Succeeded();
            _firstToken.Add(firstToken.TotalSeconds);
            if (RateOf(tokens, generating) is { } rate) _rate.Add(rate);
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Tokens a second of a stream; null where there were too few to tell. The first token's time is told by the other figure.</summary>
    /// <param name="tokens">Tokens of the answer.</param>
    /// <param name="generating">From the first output to the end.</param>
    public static double? RateOf(long tokens, TimeSpan generating) =>
        tokens >= MinTokens && generating > TimeSpan.Zero ? Math.Min((tokens - 1) / generating.TotalSeconds, MaxTokensPerSecond) : null;

    /// <summary>A stream began, and was ended by its caller.</summary>
    public void RecordFirstToken(TimeSpan firstToken)
    {
        if (!_lock.TryEnter()) return;
        _firstToken.Add(firstToken.TotalSeconds);
        _lock.Exit();
    }

    /// <summary>An answer came as one document.</summary>
    /// <param name="whole">From asking to the end.</param>
    /// <param name="tokens">Tokens generated for it; 0 for none, as of embeddings, null where it is not known.</param>
    public void RecordDocument(TimeSpan whole, long? tokens)
    {
        if (!_lock.TryEnter()) return;
        try
        {
            Succeeded();
            if (tokens == 0) _firstToken.Add(whole.TotalSeconds);
            if (tokens is not >= MinTokens) return;
            // How much of it was the prompt's reading is told by streams; without any, all of it counts, which is what the caller waits for.
            var first = _firstToken.Value;
            var generating = double.IsNaN(first) ? whole.TotalSeconds : Math.Max(whole.TotalSeconds - first, whole.TotalSeconds / 2);
            if (generating > 0) _rate.Add(Math.Min(tokens.Value / generating, MaxTokensPerSecond));
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Measures anew.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _firstToken.Clear();
            _rate.Clear();
            Volatile.Write(ref _successShare, 1);
        }
    }

    /// <summary>It failed, before its answer or in it.</summary>
    public void RecordFailure()
    {
        lock (_lock) Volatile.Write(ref _successShare, _successShare * (1 - SuccessWeight));
    }

    private void Succeeded()
    {
        // 1 stays exactly 1.
        if (_successShare < 1) Volatile.Write(ref _successShare, Math.Min(1, _successShare + SuccessWeight * (1 - _successShare)));
    }

    private static double OrClaimed(double measured, double? claimed) => double.IsNaN(measured) ? claimed ?? double.NaN : measured;
}
