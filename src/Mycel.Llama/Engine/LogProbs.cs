using Mycel.Llama.Native;

namespace Mycel.Llama.Engine;

/// <summary>Probabilities as the model gives them, before any sampling setting.</summary>
internal static class LogProbs
{
    /// <summary>Told for what is impossible or not a number, which JSON cannot say; OpenAI's own value for it.</summary>
    private const float Least = -9999;

    /// <summary>The log probability of a token.</summary>
    public static float Of(float logit, float normaliser) => logit - normaliser is var value && float.IsFinite(value) ? value : Least;

    /// <summary>Natural logarithm of the sum of all exponentials, from which a logit is taken to get its log probability.</summary>
    public static float Normaliser(ReadOnlySpan<float> logits)
    {
        var max = logits[TokenSampler.IndexOfMax(logits)];
        double sum = 0;
        foreach (var logit in logits) sum += MathF.Exp(logit - max);
        return max + (float)Math.Log(sum);
    }

    /// <summary>The likeliest tokens with their log probabilities.</summary>
    public static IReadOnlyList<TokenLogProb> Top(LlamaModel model, ReadOnlySpan<float> logits, float normaliser, int count, SamplerScratch scratch)
    {
        if (count == 0) return [];
        var top = new TokenLogProb[Math.Min(count, logits.Length)];
        var largest = LargestLogits.Find(logits, top.Length, scratch);
        for (var i = 0; i < top.Length; i++)
        {
            NativeCandidate candidate = largest[i];
            top[i] = new TokenLogProb(model.Piece(candidate.Token, showControl: true), Of(candidate.Logit, normaliser), []);
        }
        return top;
    }
}
