namespace Mycel.Ledger;

/// <summary>What a model costs.</summary>
/// <param name="Prompt">Micro-credits for a million tokens read, 0 to <see cref="Max"/>.</param>
/// <param name="Completion">Micro-credits for a million tokens written, 0 to <see cref="Max"/>.</param>
public readonly record struct Prices(long Prompt, long Completion)
{
    /// <summary>Highest price: a credit a token.</summary>
    public const long Max = 1_000_000_000_000;

    /// <summary>Most tokens of one kind in a receipt.</summary>
    public const long MaxTokens = 1_000_000_000_000;

    /// <summary>Tokens that a chat template and the like may add to what the body says.</summary>
    public const int TemplateTokens = 256;

    /// <summary>Most tokens written where neither the request nor the model says.</summary>
    public const int DefaultCompletionTokens = 8192;

    private const long PriceUnit = 1_000_000;

    /// <summary>Whether nothing has to be paid: then nothing is ordered, signed or moved.</summary>
    public bool IsFree => Prompt == 0 && Completion == 0;

    /// <summary>Whether both are in range.</summary>
    public bool IsValid => Prompt is >= 0 and <= Max && Completion is >= 0 and <= Max;

    /// <summary>What tokens cost, rounded up to a whole micro-credit; never overflows for prices and tokens in range.</summary>
    /// <param name="promptTokens">Tokens read, 0 to <see cref="MaxTokens"/>.</param>
    /// <param name="completionTokens">Tokens written, 0 to <see cref="MaxTokens"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A price or a number of tokens is out of range.</exception>
    public long AmountFor(long promptTokens, long completionTokens)
    {
        if (!IsValid) throw new ArgumentOutOfRangeException(null, $"Prices are 0 to {Max:N0} micro-credits for a million tokens.");
        ArgumentOutOfRangeException.ThrowIfNegative(promptTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(completionTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(promptTokens, MaxTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(completionTokens, MaxTokens);
        Int128 sum = ((Int128)promptTokens * Prompt) + ((Int128)completionTokens * Completion);
        return (long)((sum + PriceUnit - 1) / PriceUnit);
    }

    /// <summary>
    /// The most that a request can cost, from what both sides know of it before any work: its bytes, what it asks for, and the model's context.
    /// </summary>
    /// <returns>Micro-credits, at most <see cref="MicroCredits.Max"/>.</returns>
    public long ReserveFor(RequestBounds request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Math.Min(AmountFor(request.PromptTokens, request.CompletionTokens), MicroCredits.Max);
    }

    /// <summary>Whether an order at <paramref name="offered"/> prices pays at least these.</summary>
    public bool IsMetBy(Prices offered) => offered.Prompt >= Prompt && offered.Completion >= Completion;

    /// <summary>As many of these tokens as an amount pays for: those written are cut first.</summary>
    internal (long Prompt, long Completion) Fit(long promptTokens, long completionTokens, long maxAmount)
    {
        if (AmountFor(promptTokens, completionTokens) <= maxAmount) return (promptTokens, completionTokens);
        Int128 budget = (Int128)maxAmount * PriceUnit;
        if (Prompt > 0) promptTokens = (long)Int128.Min(promptTokens, budget / Prompt);
        if (Completion > 0) completionTokens = (long)Int128.Min(completionTokens, (budget - ((Int128)promptTokens * Prompt)) / Completion);
        return (promptTokens, completionTokens);
    }
}

/// <summary>What both sides know of a request before any work, and what bounds its cost.</summary>
/// <param name="BodyBytes">Bytes of the body as it is sent, 0 or more. A token is a byte at least.</param>
/// <param name="MaxTokens">The most tokens an answer may have, as the request says (<c>max_tokens</c>, <c>max_completion_tokens</c>); null where it does not.</param>
/// <param name="Context">The model's context in tokens, as its offer says; null where it is not known.</param>
/// <param name="Choices">Answers asked for (<c>n</c>), 1 or more.</param>
/// <param name="IsEmbedding">Whether nothing is written.</param>
public sealed record RequestBounds(long BodyBytes, long? MaxTokens = null, long? Context = null, int Choices = 1, bool IsEmbedding = false)
{
    /// <summary>Most tokens that are read.</summary>
    public long PromptTokens => Bound(Math.Min(Bound(BodyBytes) + Prices.TemplateTokens, KnownContext ?? long.MaxValue));

    /// <summary>Most tokens that are written, in all answers together.</summary>
    public long CompletionTokens
        => IsEmbedding ? 0 : Bound((Int128)Math.Max(1, Choices) * Math.Min(Bound(MaxTokens ?? KnownContext ?? Prices.DefaultCompletionTokens), KnownContext ?? long.MaxValue));

    private long? KnownContext => Context is > 0 ? Context : null;

    private static long Bound(Int128 tokens) => (long)Int128.Clamp(tokens, 0, Prices.MaxTokens);
}
