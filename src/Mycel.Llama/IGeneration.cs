namespace Mycel.Llama;

/// <summary>A generation under way.</summary>
public interface IGeneration
{
    /// <summary>Ends it as soon as the step under way is over; its end comes with <see cref="FinishReason.Cancelled"/>. Harmless when it is over.</summary>
    void Cancel();
}

/// <summary>Takes what a generation yields. Called from the engine's thread, one call at a time: must return at once and must not throw.</summary>
public interface IGenerationSink
{
    /// <summary>It has a slot; the prompt is about to be read.</summary>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="cachedTokens">How many of them need not be computed again.</param>
    void OnStart(int promptTokens, int cachedTokens);

    /// <summary>Some output: whole UTF-8 characters, and never a part of what may become a stop string.</summary>
    /// <param name="utf8">The text; may be empty where only <paramref name="logProbs"/> are told.</param>
    /// <param name="logProbs">The tokens behind the text, where they were asked for; otherwise null.</param>
    void OnText(ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs);

    /// <summary>It is over.</summary>
    void OnEnd(GenerationEnd end);
}

/// <summary>A token and how likely it was.</summary>
/// <param name="Token">Its bytes, which may be a part of a character.</param>
/// <param name="LogProb">Natural logarithm of its probability before any sampling setting.</param>
/// <param name="Top">The likeliest tokens in its place, the likeliest first; empty in those themselves.</param>
public sealed record TokenLogProb(byte[] Token, float LogProb, IReadOnlyList<TokenLogProb> Top);
