using System.Globalization;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>The line below an answer: who gave it, by which route, how much and how fast.</summary>
internal static class AnswerFooter
{
    /// <summary>Makes the line; what is not known is left out.</summary>
    /// <param name="model">The model asked.</param>
    /// <param name="answer">Its answer.</param>
    public static string Of(string model, ChatAnswer answer)
    {
        List<string> parts = [Printable.Line(model)];
        if (answer.Route is { Length: > 0 } route) parts.Add("via " + route);
        if (TokensOf(answer) is { } tokens) parts.Add(tokens);
        if (RateOf(answer) is { } rate) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{rate:0.0} tok/s"));
        if (answer.FirstToken is { } first) parts.Add($"first token {HumanFormat.Latency(first)}");
        if (answer.Interrupted) parts.Add("stopped");
        if (answer.FinishReason == "length") parts.Add("cut off at the model's limit");
        return string.Join(" · ", parts);
    }

    private static string? TokensOf(ChatAnswer answer)
    {
        if (answer.CompletionTokens is not { } written) return answer.Pieces > 0 ? $"~{HumanFormat.Of(answer.Pieces, "token")}" : null;
        return answer.PromptTokens is { } read
            ? $"{HumanFormat.Count(read)} → {HumanFormat.Of(written, "token")}"
            : HumanFormat.Of(written, "token");
    }

    /// <summary>Tokens a second after the first one; too few tokens give no rate.</summary>
    private static double? RateOf(ChatAnswer answer)
    {
        long tokens = answer.CompletionTokens ?? answer.Pieces;
        if (tokens < 2 || answer.FirstToken is not { } first) return null;
        double seconds = (answer.Total - first).TotalSeconds;
        return seconds > 0.001 ? (tokens - 1) / seconds : null;
    }
}
