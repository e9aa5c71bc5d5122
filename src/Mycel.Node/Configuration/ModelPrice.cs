namespace Mycel.Node.Configuration;

/// <summary>What a model costs other accounts.</summary>
/// <param name="Prompt">Micro-credits for a million tokens of the prompt.</param>
/// <param name="Completion">Micro-credits for a million tokens of the answer.</param>
public readonly record struct ModelPrice(long Prompt, long Completion)
{
    /// <summary>What <see cref="TryParse"/> accepts, in words.</summary>
    public const string Accepted = "PROMPT/COMPLETION, each in credits for a million tokens, such as 0.25/1, or free";

    /// <summary>Highest price, in micro-credits for a million tokens: a credit for each token.</summary>
    public const long Most = 1_000_000 * CreditAmount.One;

    /// <summary>Whether it costs nothing.</summary>
    public bool IsFree => Prompt == 0 && Completion == 0;

    /// <summary>Reads <c>PROMPT/COMPLETION</c> in credits for a million tokens, or <c>free</c>.</summary>
    public static bool TryParse(string? text, out ModelPrice price)
    {
        price = default;
        if (text is null) return false;
        if (text.Equals("free", StringComparison.OrdinalIgnoreCase)) return true;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !CreditAmount.TryParse(text.AsSpan(0, slash), out var prompt) || !CreditAmount.TryParse(text.AsSpan(slash + 1), out var completion)) return false;
        if (prompt > Most || completion > Most) return false;
        price = new ModelPrice(prompt, completion);
        return true;
    }

    /// <summary>The form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => IsFree ? "free" : $"{CreditAmount.Exact(Prompt)}/{CreditAmount.Exact(Completion)}";
}
