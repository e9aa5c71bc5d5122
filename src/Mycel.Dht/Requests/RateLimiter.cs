namespace Mycel.Dht.Requests;

/// <summary>
/// How many questions an address is answered: a token bucket for each. When more addresses ask than are remembered, all further ones share one bucket, so that
/// neither memory nor work grows with the addresses that a flood pretends to come from.
/// </summary>
internal sealed class RateLimiter(DhtOptions options, long ticksPerSecond)
{
    private readonly Dictionary<DhtAddress, Level> _levels = [];
    private readonly Level _others = new() { Left = options.QuestionBurst };
    private long _sweptAt = long.MinValue / 2;

    /// <summary>Addresses remembered.</summary>
    public int Count => _levels.Count;

    /// <summary>Takes one question of an address into account; false where it asks too much.</summary>
    public bool TryTake(DhtAddress address, long now)
    {
        DhtAddress key = address.Limited;
        if (!_levels.TryGetValue(key, out Level? level))
        {
            if (_levels.Count >= options.MaxLimitedAddresses)
                DropIdle(now);
            if (_levels.Count < options.MaxLimitedAddresses)
                _levels[key] = level = new Level { Left = options.QuestionBurst, At = now };
        }

        level ??= _others;
        level.Left = Math.Min(options.QuestionBurst, level.Left + ((now - level.At) * (double)options.QuestionsPerSecond / ticksPerSecond));
        level.At = now;
        if (level.Left < 1)
            return false;
        level.Left--;
        return true;
    }

    /// <summary>Forgets addresses that have been quiet for so long that they may ask all over again; looks at most once a second.</summary>
    private void DropIdle(long now)
    {
        if (now - _sweptAt < ticksPerSecond)
            return;
        _sweptAt = now;
        long full = (long)((double)options.QuestionBurst / options.QuestionsPerSecond * ticksPerSecond);
        foreach ((DhtAddress address, Level level) in _levels)
        {
            if (now - level.At > full)
                _levels.Remove(address);
        }
    }

    private sealed class Level
    {
        public double Left { get; set; }

        public long At { get; set; }
    }
}
