using System.Text.Json.Nodes;

namespace Mycel.EndToEnd.Local;

/// <summary>
/// Compares greedy answers to one request. Numbers computed for several requests at once are rounded otherwise than for one alone, so that
/// where two tokens are as good as equally likely either may be taken; any other difference is a mistake.
/// </summary>
internal static class NearTies
{
    /// <summary>The fields that a request to compare is sent with, beside its most tokens.</summary>
    public const string Fields = "\"temperature\":0,\"ignore_eos\":true,\"logprobs\":true,\"top_logprobs\":5";

    /// <summary>Two tokens whose log probabilities differ by no more are as good as equally likely.</summary>
    private const double Tie = 0.1;

    /// <summary>Fails the test where the answers differ by more than a near-tie; what follows one is not compared.</summary>
    public static void MustAgree(Answer alone, Answer other)
    {
        var (left, right) = (alone.Choices[0].LogProbs, other.Choices[0].LogProbs);
        Assert.NotEmpty(left);
        for (var i = 0; i < left.Count; i++)
        {
            Assert.True(i < right.Count, $"It ends after {right.Count} tokens: {other.Text}\nAlone: {alone.Text}");
            var taken = (string?)right[i]["token"];
            if ((string?)left[i]["token"] == taken) continue;
            var rival = left[i]["top_logprobs"]!.AsArray().FirstOrDefault(top => (string?)top!["token"] == taken);
            var gap = rival is null ? double.PositiveInfinity : (double)left[i]["logprob"]! - (double)rival["logprob"]!;
            Assert.True(gap <= Tie, $"At token {i} '{taken}' was taken, which alone was less likely by {gap:0.###}: {other.Text}\nAlone: {alone.Text}");
            return;
        }

        Assert.Equal(left.Count, right.Count);
        Assert.Equal(alone.Text, other.Text);
    }

    /// <summary>Whether no token differs.</summary>
    public static bool AreSame(Answer alone, Answer other) => JsonNode.DeepEquals(Tokens(alone), Tokens(other));

    private static JsonArray Tokens(Answer answer) => new([.. answer.Choices[0].LogProbs.Select(token => (JsonNode?)(string?)token["token"])]);
}
