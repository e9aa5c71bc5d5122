using Mycel.Llama.Gguf;
using Mycel.Node.Configuration;

namespace Mycel.Node.Settlement;

/// <summary>What this node's models cost other accounts: as the settings say, or by the quality of the model.</summary>
internal sealed class PriceTable(IOptionsSource options)
{
    /// <summary>What a model of unknown quality costs by default: as a small one, which it can hardly be less than.</summary>
    public static ModelPrice Unknown { get; } = new(80_000, 300_000);

    /// <summary>The price by quality: a credit is about a million tokens written by a middling model.</summary>
    /// <param name="tier">One of <see cref="ModelTier"/>, or null.</param>
    public static ModelPrice OfTier(string? tier) => tier switch
    {
        ModelTier.Tiny => new ModelPrice(20_000, 100_000),
        ModelTier.Small => new ModelPrice(80_000, 300_000),
        ModelTier.Medium => new ModelPrice(250_000, 1_000_000),
        ModelTier.Large => new ModelPrice(800_000, 3_000_000),
        ModelTier.Frontier => new ModelPrice(2_500_000, 10_000_000),
        _ => Unknown,
    };

    /// <summary>What a model costs now.</summary>
    /// <param name="model">The bare name.</param>
    /// <param name="tier">Its quality, or null.</param>
    /// <param name="isEmbedding">Whether it embeds, and so writes nothing.</param>
    public ModelPrice PriceOf(string model, string? tier, bool isEmbedding)
    {
        var credit = options.Current.Credit;
        if (credit.Prices.TryGetValue(model, out var text) && ModelPrice.TryParse(text, out var named)) return named;
        var price = credit.DefaultPrice ?? OfTier(tier);
        return isEmbedding ? price with { Completion = 0 } : price;
    }
}
