namespace Mycel.Llama.Engine;

/// <summary>
/// Decides how much of waiting prompts a turn reads while others generate: as much as keeps the turn short, by what a prompt token has
/// cost lately. Used by the engine's thread.
/// </summary>
internal sealed class PromptPacer
{
    /// <summary>How long a turn may take while anyone generates: prompts are read in pieces that fit into it.</summary>
    private static readonly TimeSpan StepTarget = TimeSpan.FromMilliseconds(50);

    /// <summary>Least prompt tokens of a turn, so that reading goes on whatever the machine.</summary>
    private const int LeastPromptTokens = 16;

    private double _secondsPerPromptToken;

    /// <summary>Most prompt tokens of the next turn.</summary>
    /// <param name="room">Tokens that the batch has room for.</param>
    /// <param name="generating">Requests that get a token in the same turn.</param>
    public int Budget(int room, int generating) => generating > 0 && _secondsPerPromptToken > 0
        ? Math.Min(room, Math.Max(LeastPromptTokens, (int)(StepTarget.TotalSeconds / _secondsPerPromptToken) - generating))
        : room;

    /// <summary>Learns what a prompt token costs, from batches that are mostly prompt.</summary>
    /// <param name="tokens">Tokens of the batch.</param>
    /// <param name="requests">Requests under way.</param>
    /// <param name="time">What computing it took.</param>
    public void Measure(int tokens, int requests, TimeSpan time)
    {
        if (tokens < LeastPromptTokens || tokens < 2 * requests) return;
        var cost = time.TotalSeconds / tokens;
        _secondsPerPromptToken = _secondsPerPromptToken == 0 ? cost : 0.8 * _secondsPerPromptToken + 0.2 * cost;
    }
}
