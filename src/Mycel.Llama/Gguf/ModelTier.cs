namespace Mycel.Llama.Gguf;

/// <summary>
/// A rough step of what a model may be expected to know and do, by size alone: what is known of a file without trying it. It is a hint for choosing
/// among models, not a measurement; a newer small model may beat an older medium one.
/// </summary>
/// <remarks>
/// The size that counts is the geometric mean of all parameters and those that take part in each token. For ordinary models these are the same; a
/// mixture of experts lies between the two, and this mean is the customary rule of thumb for it. Less than three bits per weight costs noticeably
/// in quality, and such a file counts one step lower.
/// </remarks>
public static class ModelTier
{
    /// <summary>Below 1 billion parameters: short and simple tasks.</summary>
    public const string Tiny = "tiny";

    /// <summary>From 1 billion parameters: chat, summaries.</summary>
    public const string Small = "small";

    /// <summary>From 5 billion parameters: general use.</summary>
    public const string Medium = "medium";

    /// <summary>From 20 billion parameters: demanding tasks.</summary>
    public const string Large = "large";

    /// <summary>From 100 billion parameters.</summary>
    public const string Frontier = "frontier";

    private static readonly (double From, string Name)[] Steps = [(0, Tiny), (1e9, Small), (5e9, Medium), (20e9, Large), (100e9, Frontier)];

    /// <summary>The step of a model that generates.</summary>
    /// <param name="parameters">All parameters; null gives null.</param>
    /// <param name="active">Those that take part in each token; null means all.</param>
    /// <param name="bitsPerWeight">Bits that a parameter takes on average; null means enough.</param>
    public static string? Of(long? parameters, long? active, double? bitsPerWeight)
    {
        if (parameters is not > 0)
            return null;
        double size = Math.Sqrt((double)parameters.Value * Math.Clamp(active ?? parameters.Value, 1, parameters.Value));
        int step = Array.FindLastIndex(Steps, s => size >= s.From);
        if (bitsPerWeight < 3)
            step--;
        return Steps[Math.Max(0, step)].Name;
    }
}
