namespace Mycel.Llama.Engine;

/// <summary>
/// The sequences of a context, and the rule by which a request gets one: what it shares with the beginning of any other, a
/// running one included, is not computed again. Sequences share cells, so a common beginning is held once. Used by the engine's thread.
/// </summary>
internal sealed class SequenceCache
{
    private readonly LlamaContext _context;
    private readonly bool _isRecurrent;
    private readonly CachedSequence[] _sequences;
    private long _clock;

    /// <param name="context">The context; all of its sequences belong to this.</param>
    /// <param name="isRecurrent">Whether the model's memory is a state that cannot be cut back.</param>
    public SequenceCache(LlamaContext context, bool isRecurrent)
    {
        _context = context;
        _isRecurrent = isRecurrent;
        _sequences = [.. Enumerable.Range(0, context.Sequences).Select(id => new CachedSequence(id))];
    }

    /// <summary>Tokens held, where a beginning that is shared counts once for each that shares it, but never more than there are cells.</summary>
    public int TokensHeld => Math.Min(_context.Cells, _sequences.Sum(s => s.Count));

    /// <summary>Gives a request a sequence that holds as much of the beginning of <paramref name="prompt"/> as is known, at least one token less than all.</summary>
    /// <returns>The sequence; its tokens are a beginning of the prompt. Null while all are in use.</returns>
    public CachedSequence? Take(ReadOnlySpan<int> prompt, Generation owner)
    {
        var (best, matched) = FindLongest(prompt[..^1]);
        var taken = best is { Owner: null } && IsWorthTakingOver(best, matched) ? best : LeastRecent(except: best);
        if (taken is null) return null;
        if (taken == best) Cut(taken, matched);
        else if (best is not null && !_isRecurrent) Share(best, taken, matched);
        else Clear(taken);
        taken.Owner = owner;
        taken.LastUsed = ++_clock;
        return taken;
    }

    /// <summary>A sequence that nobody uses may be continued; where that would throw away most of it, a copy of its beginning is better.</summary>
    private bool IsWorthTakingOver(CachedSequence sequence, int matched) =>
        _isRecurrent ? matched == sequence.Count : matched > 0 && matched >= sequence.Count / 2;

    private (CachedSequence? Best, int Matched) FindLongest(ReadOnlySpan<int> prompt)
    {
        CachedSequence? best = null;
        var most = 0;
        foreach (var sequence in _sequences)
        {
            var matched = sequence.Tokens.CommonPrefixLength(prompt);
            if (_isRecurrent && (sequence.Owner is not null || matched < sequence.Count)) continue;
            if (matched < most || matched == 0 || (matched == most && sequence.Owner is not null)) continue;
            best = sequence;
            most = matched;
        }
        return (best, most);
    }

    /// <summary>The free sequence used longest ago, an empty one first.</summary>
    private CachedSequence? LeastRecent(CachedSequence? except)
    {
        CachedSequence? least = null;
        foreach (var sequence in _sequences)
        {
            if (sequence.Owner is not null || sequence == except) continue;
            if (least is null || Age(sequence) < Age(least)) least = sequence;
        }
        // A sequence to copy from that is the only free one is continued instead.
        return least ?? (except is { Owner: null } ? except : null);

        static long Age(CachedSequence sequence) => sequence.Count == 0 ? -1 : sequence.LastUsed;
    }

    private void Cut(CachedSequence sequence, int count)
    {
        if (sequence.Count == count) return;
        if (_context.TryTruncate(sequence.Id, count)) sequence.Truncate(count);
        else Clear(sequence);
    }

    private void Share(CachedSequence source, CachedSequence target, int count)
    {
        Clear(target);
        _context.Share(source.Id, target.Id, count);
        target.Set(source.Tokens[..count]);
    }

    /// <summary>Forgets a sequence's tokens.</summary>
    public void Clear(CachedSequence sequence)
    {
        if (sequence.Count > 0) _context.Forget(sequence.Id);
        sequence.Truncate(0);
    }

    /// <summary>Its user is done; what it holds is kept for others until the room is needed.</summary>
    public void Release(CachedSequence sequence)
    {
        sequence.Owner = null;
        sequence.LastUsed = ++_clock;
    }

    /// <summary>Forgets the sequence that was not used for the longest time.</summary>
    /// <returns>False when nothing was left to be forgotten.</returns>
    public bool TryEvict()
    {
        CachedSequence? oldest = null;
        foreach (var sequence in _sequences)
        {
            if (sequence.Owner is null && sequence.Count > 0 && (oldest is null || sequence.LastUsed < oldest.LastUsed)) oldest = sequence;
        }
        if (oldest is null) return false;
        Clear(oldest);
        return true;
    }

    /// <summary>Forgets the last of a request's tokens where all of them are held: its output comes from computing at least one.</summary>
    public void LeaveSomeToCompute(CachedSequence sequence, int tokens)
    {
        if (sequence.Count >= tokens) Cut(sequence, tokens - 1);
    }

    /// <summary>After a decode that stopped half-way: what is in the cache may be less than was put into the batch.</summary>
    public void Recount()
    {
        foreach (var sequence in _sequences)
        {
            if (sequence.Count == 0) continue;
            if (_isRecurrent && sequence.Owner is not null)
            {
                // Of a state nobody can say how much went into it.
                Clear(sequence);
                continue;
            }
            var length = Math.Min(_context.LengthOf(sequence.Id), sequence.Count);
            if (length < sequence.Count) sequence.Truncate(Math.Max(length, 0));
        }
    }

    /// <summary>Forgets everything, after llama.cpp failed.</summary>
    public void ClearAll()
    {
        _context.ForgetAll();
        foreach (var sequence in _sequences) sequence.Truncate(0);
    }
}
