using System.Globalization;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class CreditTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("10", 10_000_000)]
    [InlineData("0.000001", 1)]
    [InlineData("1000000000", 1_000_000_000_000_000)]
    [InlineData("2.50", 2_500_000)]
    public void An_amount_is_read(string text, long amount)
    {
        Assert.True(CreditAmount.TryParse(text, out var read));
        Assert.Equal(amount, read);
        Assert.True(CreditAmount.TryParse(CreditAmount.Exact(read), out var again));
        Assert.Equal(amount, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData("0.0000001")]
    [InlineData("1000000000.000001")]
    [InlineData("99999999999999999999999999999999")]
    public void What_is_no_amount_is_refused(string text) => Assert.False(CreditAmount.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(3_200_000, "3.2")]
    [InlineData(-3_240_000, "-3.2")]
    [InlineData(123_456_789, "123")]
    [InlineData(1_234_567_890_000, "1,234,568")]
    [InlineData(123_456, "0.12")]
    [InlineData(1_234, "0.0012")]
    [InlineData(12, "0.000012")]
    [InlineData(1, "0.000001")]
    [InlineData(10_000_000, "10")]
    public void An_amount_in_a_sentence_is_short_and_never_nothing(long amount, string text) => Assert.Equal(text, CreditAmount.Short(amount));

    [Theory]
    [InlineData("20", "0001-01-01T00:00:00Z")]
    [InlineData("5/month", "2026-03-01T00:00:00Z")]
    [InlineData("0.5/day", "2026-03-15T00:00:00Z")]
    public void A_budget_begins_anew_with_its_period(string text, string start)
    {
        Assert.True(CreditBudget.TryParse(text, out var budget));
        Assert.Equal(text, budget.ToString());
        // The night before in another zone is the same day in UTC.
        var now = DateTimeOffset.Parse("2026-03-14T23:30:00-02:00", CultureInfo.InvariantCulture);
        Assert.Equal(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture), budget.StartOf(now) ?? DateTimeOffset.MinValue);
    }
}
