using System.Numerics;
using System.Runtime.InteropServices;
using Mycel.Llama.Native;

namespace Mycel.Llama.Engine;

/// <summary>
/// Chooses the next token of one generation. The steps and their order are llama.cpp's: bias, penalties, top-k, top-p, min-p,
/// temperature, chance. Done here rather than by its samplers because those copy the whole vocabulary for each token; this
/// looks for the few likeliest in place. Used by one thread.
/// </summary>
internal sealed class TokenSampler
{
    /// <summary>Candidates looked at first where a grammar refuses the free choice; the whole vocabulary costs a thousand times more.</summary>
    private const int GrammarCandidates = 256;

    private readonly SamplingSettings _settings;
    private readonly SamplerScratch _scratch;
    private readonly Random _random;
    private readonly bool _hasPenalties;

    /// <param name="settings">How to choose.</param>
    /// <param name="seed">Seed of chance.</param>
    /// <param name="scratch">Working memory, shared by the samplers of one thread.</param>
    public TokenSampler(SamplingSettings settings, uint seed, SamplerScratch scratch)
    {
        _settings = settings;
        _scratch = scratch;
        _random = new Random(unchecked((int)seed));
        _hasPenalties = settings.RepeatLastN != 0 && (settings.FrequencyPenalty != 0 || settings.PresencePenalty != 0 || settings.RepeatPenalty != 1);
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">The model's output; changed by bias and penalties.</param>
    /// <param name="history">All tokens so far, which penalties look back on.</param>
    /// <param name="grammar">What the output must follow, or null. The token is not yet accepted by it.</param>
    /// <returns>The token, or -1 where the grammar allows none.</returns>
    public int Sample(Span<float> logits, ReadOnlySpan<int> history, GrammarConstraint? grammar)
    {
        foreach (var (token, bias) in _settings.LogitBias) logits[token] = bias <= -100 ? float.NegativeInfinity : logits[token] + bias;
        if (_hasPenalties) Penalise(logits, history);
        if (_settings.Temperature <= 0)
        {
            var likeliest = IndexOfMax(logits);
            return grammar is null || grammar.Allows(likeliest) ? likeliest : ChooseByGrammar(logits, grammar);
        }
        var chosen = Choose(Collect(logits));
        return grammar is null || grammar.Allows(chosen) ? chosen : ChooseByGrammar(logits, grammar);
    }

    private void Penalise(Span<float> logits, ReadOnlySpan<int> history)
    {
        var window = _settings.RepeatLastN > 0 && history.Length > _settings.RepeatLastN ? history[^_settings.RepeatLastN..] : history;
        var counts = _scratch.Counts;
        counts.Clear();
        foreach (var token in window) CollectionsMarshal.GetValueRefOrAddDefault(counts, token, out _)++;
        foreach (var (token, count) in counts)
        {
            ref var logit = ref logits[token];
            // Dividing a negative number would make the token likelier.
            logit = logit <= 0 ? logit * _settings.RepeatPenalty : logit / _settings.RepeatPenalty;
            logit -= count * _settings.FrequencyPenalty + _settings.PresencePenalty;
        }
    }

    /// <summary>The likeliest tokens that the settings leave, likeliest first, or all in no order where the settings leave all.</summary>
    private Span<NativeCandidate> Collect(ReadOnlySpan<float> logits)
    {
        if (_settings.TopK > 0) return TopK(logits, Math.Min(_settings.TopK, logits.Length));
        if (_settings.TopP >= 1 && _settings.MinP <= 0) return All(logits);
        // Top-p without top-k: the likeliest few nearly always hold the share that is wanted. Min-p alone is a cut as well.
        var max = logits[IndexOfMax(logits)];
        var total = _settings.TopP < 1 ? SumOfExp(logits, max) : 0;
        for (var k = 1024; k < logits.Length; k *= 8)
        {
            var some = TopK(logits, k);
            if (_settings.MinP > 0 && some[^1].Logit < max + MathF.Log(_settings.MinP)) return some;
            if (_settings.TopP < 1 && SumOfExp(some, max) >= _settings.TopP * total) return some;
        }
        return TopK(logits, logits.Length);
    }

    private static double SumOfExp(ReadOnlySpan<float> logits, float max)
    {
        double sum = 0;
        foreach (var logit in logits) sum += MathF.Exp(logit - max);
        return sum;
    }

    private static double SumOfExp(ReadOnlySpan<NativeCandidate> candidates, float max)
    {
        double sum = 0;
        foreach (ref readonly var candidate in candidates) sum += MathF.Exp(candidate.Logit - max);
        return sum;
    }

    /// <summary>Cuts by top-p and min-p, and leaves the rest to chance.</summary>
    private int Choose(Span<NativeCandidate> candidates)
    {
        var max = float.NegativeInfinity;
        foreach (ref readonly var candidate in candidates) max = MathF.Max(max, candidate.Logit);
        // Not a number, or everything forbidden: any answer is as good, the first is deterministic.
        if (!float.IsFinite(max)) return candidates[0].Token;
        if (_settings.TopP < 1) candidates = CutTopP(candidates, max);
        if (_settings.MinP > 0) candidates = CutMinP(candidates, max);
        double total = 0;
        foreach (ref var candidate in candidates) total += candidate.Probability = MathF.Exp((candidate.Logit - max) / _settings.Temperature);
        var mark = _random.NextDouble() * total;
        foreach (ref readonly var candidate in candidates)
        {
            mark -= candidate.Probability;
            if (mark < 0) return candidate.Token;
        }
        return candidates[0].Token;
    }

    private Span<NativeCandidate> CutTopP(Span<NativeCandidate> candidates, float max)
    {
        var wanted = _settings.TopP * SumOfExp(candidates, max);
        double sum = 0;
        for (var i = 0; i < candidates.Length; i++)
        {
            sum += MathF.Exp(candidates[i].Logit - max);
            if (sum >= wanted) return candidates[..(i + 1)];
        }
        return candidates;
    }

    private Span<NativeCandidate> CutMinP(Span<NativeCandidate> candidates, float max)
    {
        var least = max + MathF.Log(_settings.MinP);
        var kept = 0;
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Logit >= least) candidates[kept++] = candidate;
        }
        return candidates[..kept];
    }

    /// <summary>Chooses among those that the grammar allows, with the same settings.</summary>
    private int ChooseByGrammar(ReadOnlySpan<float> logits, GrammarConstraint grammar)
    {
        var isGreedy = _settings.Temperature <= 0;
        var wanted = isGreedy ? 1 : _settings.TopK > 0 ? _settings.TopK : logits.Length;
        if (GrammarCandidates < logits.Length)
        {
            var some = TopK(logits, GrammarCandidates);
            var last = some[^1].Logit;
            grammar.Mask(some);
            var allowed = KeepAllowed(some);
            // Those further down matter only where these are too few, and would not fall to min-p anyway.
            if (allowed.Length >= wanted || (allowed.Length > 0 && _settings.MinP > 0 && last < allowed[0].Logit + MathF.Log(_settings.MinP)))
                return isGreedy ? allowed[0].Token : Choose(allowed[..Math.Min(allowed.Length, wanted)]);
        }
        var all = All(logits);
        grammar.Mask(all);
        var left = KeepAllowed(all);
        if (left.Length == 0) return -1;
        left.Sort(static (a, b) => b.Logit.CompareTo(a.Logit));
        return isGreedy ? left[0].Token : Choose(left[..Math.Min(left.Length, wanted)]);
    }

    private static Span<NativeCandidate> KeepAllowed(Span<NativeCandidate> candidates)
    {
        var kept = 0;
        foreach (ref readonly var candidate in candidates)
        {
            if (!float.IsNegativeInfinity(candidate.Logit)) candidates[kept++] = candidate;
        }
        return candidates[..kept];
    }

    private Span<NativeCandidate> All(ReadOnlySpan<float> logits)
    {
        var all = _scratch.Candidates(logits.Length);
        for (var i = 0; i < logits.Length; i++) all[i] = new NativeCandidate { Token = i, Logit = logits[i] };
        return all;
    }

    private Span<NativeCandidate> TopK(ReadOnlySpan<float> logits, int k) => LargestLogits.Find(logits, k, _scratch);

    /// <summary>The index of the largest logit; the first of equals.</summary>
    internal static int IndexOfMax(ReadOnlySpan<float> logits)
    {
        var lanes = Vector<float>.Count;
        var best = new Vector<float>(float.NegativeInfinity);
        var i = 0;
        for (; i <= logits.Length - lanes; i += lanes) best = Vector.Max(best, new Vector<float>(logits[i..]));
        var max = float.NegativeInfinity;
        for (var lane = 0; lane < lanes; lane++) max = MathF.Max(max, best[lane]);
        for (; i < logits.Length; i++) max = MathF.Max(max, logits[i]);
        return Math.Max(logits.IndexOf(max), 0);
    }
}

/// <summary>Working memory for sampling, as large as the vocabulary at most; for one thread.</summary>
internal sealed class SamplerScratch
{
    private NativeCandidate[] _candidates = [];

    /// <summary>How often each token appeared.</summary>
    public Dictionary<int, int> Counts { get; } = [];

    /// <summary>Room for <paramref name="count"/> candidates; what was there before is lost.</summary>
    public Span<NativeCandidate> Candidates(int count)
    {
        if (_candidates.Length < count) _candidates = new NativeCandidate[count];
        return _candidates.AsSpan(0, count);
    }
}
