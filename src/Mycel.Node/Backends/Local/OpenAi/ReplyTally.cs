using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Tokens and times of all answers to a request.</summary>
/// <param name="answers">Answers to each prompt: their prompt is read once and counted once.</param>
internal sealed class ReplyTally(int answers)
{
    private long _promptTokens;
    private long _cachedTokens;
    private long _completionTokens;
    private TimeSpan _promptTime;
    private TimeSpan _generationTime;

    public void Add(int choice, GenerationEnd end)
    {
        _completionTokens += end.CompletionTokens;
        _generationTime += end.GenerationTime;
        if (choice % answers != 0) return;
        _promptTokens += end.PromptTokens;
        _cachedTokens += end.CachedTokens;
        _promptTime += end.PromptTime;
    }

    /// <summary>OpenAI's <c>usage</c> object.</summary>
    public void WriteUsage(JsonOutput output) => output
        .Raw("{\"prompt_tokens\":"u8).Number(_promptTokens)
        .Raw(",\"completion_tokens\":"u8).Number(_completionTokens)
        .Raw(",\"total_tokens\":"u8).Number(_promptTokens + _completionTokens)
        .Raw(",\"prompt_tokens_details\":{\"cached_tokens\":"u8).Number(_cachedTokens).Raw("}}"u8);

    /// <summary>The <c>timings</c> object of llama.cpp's server; of several answers, their sums.</summary>
    public void WriteTimings(JsonOutput output)
    {
        var computed = _promptTokens - _cachedTokens;
        output.Raw("{\"cache_n\":"u8).Number(_cachedTokens).Raw(",\"prompt_n\":"u8).Number(computed);
        WriteTime(output, "prompt"u8, computed, _promptTime);
        output.Raw(",\"predicted_n\":"u8).Number(_completionTokens);
        WriteTime(output, "predicted"u8, _completionTokens, _generationTime);
        output.Raw("}"u8);
    }

    private static void WriteTime(JsonOutput output, ReadOnlySpan<byte> name, long tokens, TimeSpan time)
    {
        output.Raw(",\""u8).Raw(name).Raw("_ms\":"u8).Decimal(time.TotalMilliseconds);
        output.Raw(",\""u8).Raw(name).Raw("_per_token_ms\":"u8).Decimal(tokens > 0 ? time.TotalMilliseconds / tokens : 0);
        output.Raw(",\""u8).Raw(name).Raw("_per_second\":"u8).Decimal(time > TimeSpan.Zero ? tokens / time.TotalSeconds : 0);
    }
}
