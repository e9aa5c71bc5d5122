using Mycel.Ledger.Books;
using Mycel.Ledger.Tests.Books;

namespace Mycel.Ledger.Tests;

public sealed class PricesTests
{
    [Theory]
    [InlineData(1_000_000, 2_000_000, 10, 50, 110)]
    [InlineData(1, 0, 1, 0, 1)]
    [InlineData(1, 0, 1_000_000, 0, 1)]
    [InlineData(1, 0, 1_000_001, 0, 2)]
    [InlineData(0, 0, 1_000_000, 1_000_000, 0)]
    [InlineData(3, 5, 0, 0, 0)]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(Prices.Max, Prices.Max, Prices.MaxTokens, Prices.MaxTokens, 2_000_000_000_000_000_000)]
    public void An_amount_is_rounded_up_and_never_overflows(long prompt, long completion, long promptTokens, long completionTokens, long amount)
        => Assert.Equal(amount, new Prices(prompt, completion).AmountFor(promptTokens, completionTokens));

    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(0, Prices.Max + 1, 0, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 0, Prices.MaxTokens + 1)]
    [InlineData(long.MinValue, long.MaxValue, long.MaxValue, long.MinValue)]
    public void What_is_out_of_range_has_no_amount(long prompt, long completion, long promptTokens, long completionTokens)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new Prices(prompt, completion).AmountFor(promptTokens, completionTokens));

    [Theory]
    [InlineData(44, 100L, null, 1, false, 300, 100)]
    [InlineData(44, null, 4096L, 1, false, 300, 4096)]
    [InlineData(44, null, null, 1, false, 300, 8192)]
    [InlineData(44, 100_000L, 4096L, 1, false, 300, 4096)]
    [InlineData(100_000, 10L, 4096L, 3, false, 4096, 30)]
    [InlineData(44, 100L, null, 1, true, 300, 0)]
    [InlineData(44, -5L, 0L, 0, false, 300, 0)]
    [InlineData(long.MaxValue, long.MaxValue, null, int.MaxValue, false, Prices.MaxTokens, Prices.MaxTokens)]
    public void Both_sides_bound_a_request_alike(long bodyBytes, long? maxTokens, long? context, int choices, bool isEmbedding, long prompt, long completion)
    {
        var bounds = new RequestBounds(bodyBytes, maxTokens, context, choices, isEmbedding);
        Assert.Equal((prompt, completion), (bounds.PromptTokens, bounds.CompletionTokens));
        Assert.InRange(new Prices(Prices.Max, Prices.Max).ReserveFor(bounds), 0, MicroCredits.Max);
    }

    [Theory]
    [InlineData(10, 50, 110, 10, 50)]
    [InlineData(10, 50, 109, 10, 49)]
    [InlineData(10, 50, 5, 5, 0)]
    [InlineData(10, 50, 0, 0, 0)]
    public void Tokens_are_cut_to_what_an_amount_pays_for(long prompt, long completion, long most, long paidPrompt, long paidCompletion)
    {
        var prices = new Prices(1_000_000, 2_000_000);
        (long Prompt, long Completion) cut = prices.Fit(prompt, completion, most);
        Assert.Equal((paidPrompt, paidCompletion), cut);
        Assert.InRange(prices.AmountFor(cut.Prompt, cut.Completion), 0, most);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(125, "0.000125")]
    [InlineData(-3_000_000, "-3")]
    [InlineData(long.MaxValue, "9223372036854.775807")]
    [InlineData(long.MinValue, "-9223372036854.775808")]
    public void Amounts_are_shown_in_credits(long amount, string text) => Assert.Equal(text, MicroCredits.Format(amount));

    [Theory]
    [InlineData("5", 5_000_000, BudgetPeriod.Ever)]
    [InlineData("0.5/day", 500_000, BudgetPeriod.Day)]
    [InlineData("40/month", 40_000_000, BudgetPeriod.Month)]
    public void A_budget_is_read_and_shown_alike(string text, long amount, BudgetPeriod period)
    {
        Assert.Equal(new Budget(amount, period), Budget.Parse(text));
        Assert.Equal(text, new Budget(amount, period).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/day")]
    [InlineData("5/year")]
    [InlineData("-1")]
    [InlineData("0.0000001")]
    [InlineData("1e3")]
    [InlineData("1000000001")]
    [InlineData("5/")]
    public void What_is_no_budget_is_refused_with_an_example(string text)
        => Assert.Contains("2.5/day", Assert.Throws<FormatException>(() => Budget.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Prices_are_honoured_for_a_minute_and_few_of_them_are_remembered()
    {
        var clock = new TestClock();
        var list = new PriceList(clock);
        Assert.Empty(list.Of("a"));
        list.Set("a", new Prices(1, 1));
        list.Set("a", new Prices(2, 2));
        Assert.Equal([new Prices(2, 2), new Prices(1, 1)], list.Of("a"));
        clock.Now += PriceList.Honoured;
        Assert.Equal([new Prices(2, 2)], list.Of("a"));
        for (int i = 0; i < 100; i++) list.Set("a", new Prices(i, 0));
        Assert.InRange(list.Of("a").Count, 2, 20);
        Assert.Equal(new Prices(99, 0), list.Of("a")[0]);
        for (int i = 0; i <= PriceList.MaxModels; i++) list.Set($"m{i}", new Prices(1, 1));
        Assert.Empty(list.Of("a"));
        Assert.Throws<ArgumentOutOfRangeException>(() => list.Set("a", new Prices(-1, 0)));
    }
}
