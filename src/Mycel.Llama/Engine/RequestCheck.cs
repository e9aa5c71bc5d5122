namespace Mycel.Llama.Engine;

/// <summary>Refuses what the engine cannot do before anything native is told of it.</summary>
internal static class RequestCheck
{
    /// <summary>Most bytes of a grammar; llama.cpp's parser takes what it is given.</summary>
    private const int MaxGrammarBytes = 1024 * 1024;

    private const int MaxLogitBias = 1024;
    private const int MaxStopBytes = 1024;
    private const int MaxTopLogProbs = 20;

    /// <returns>What is wrong, or null.</returns>
    public static EngineFault? Check(GenerationRequest request, int vocabularySize)
    {
        if (request.MaxTokens < 1) return Bad("max_tokens", "'max_tokens' must be at least 1.");
        if (request.Stop.Count > GenerationRequest.MaxStops) return Bad("stop", $"'stop' may hold {GenerationRequest.MaxStops} texts.");
        foreach (var stop in request.Stop)
        {
            if (stop.Length is 0 or > MaxStopBytes) return Bad("stop", $"A text of 'stop' must have 1 to {MaxStopBytes} characters.");
        }
        if (request.TopLogProbs is < 0 or > MaxTopLogProbs) return Bad("top_logprobs", $"'top_logprobs' must be 0 to {MaxTopLogProbs}.");
        if (request.Grammar is { } grammar && (grammar.Length is 0 or > MaxGrammarBytes || grammar.Contains('\0'))) return Bad("grammar", $"The grammar must have 1 to {MaxGrammarBytes} characters.");
        if (request.GrammarTriggers.Any(t => t.Length is 0 or > MaxStopBytes)) return Bad("grammar", $"A grammar's trigger must have 1 to {MaxStopBytes} characters.");
        return CheckSampling(request.Sampling, vocabularySize);
    }

    private static EngineFault? CheckSampling(SamplingSettings s, int vocabularySize)
    {
        if (s.Temperature is not (>= 0 and <= 100)) return Bad("temperature", "'temperature' must be 0 to 100.");
        if (s.TopP is not (>= 0 and <= 1)) return Bad("top_p", "'top_p' must be 0 to 1.");
        if (s.MinP is not (>= 0 and <= 1)) return Bad("min_p", "'min_p' must be 0 to 1.");
        if (s.TopK < 0) return Bad("top_k", "'top_k' must be 0 or more.");
        if (s.FrequencyPenalty is not (>= -2 and <= 2)) return Bad("frequency_penalty", "'frequency_penalty' must be -2 to 2.");
        if (s.PresencePenalty is not (>= -2 and <= 2)) return Bad("presence_penalty", "'presence_penalty' must be -2 to 2.");
        if (s.RepeatPenalty is not (> 0 and <= 100)) return Bad("repeat_penalty", "'repeat_penalty' must be above 0 and at most 100.");
        if (s.RepeatLastN < -1) return Bad("repeat_last_n", "'repeat_last_n' must be -1 or more.");
        if (s.LogitBias.Count > MaxLogitBias) return Bad("logit_bias", $"'logit_bias' may name {MaxLogitBias} tokens.");
        foreach (var (token, bias) in s.LogitBias)
        {
            if ((uint)token >= (uint)vocabularySize) return Bad("logit_bias", $"'logit_bias' names the token {token}; this model's go from 0 to {vocabularySize - 1}.");
            if (!float.IsFinite(bias)) return Bad("logit_bias", "'logit_bias' must hold finite numbers.");
        }
        return null;
    }

    private static EngineFault Bad(string param, string message) => new(EngineFaultKind.BadRequest, message, param);
}
