using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public class DurationTextTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("30m", 1_800)]
    [InlineData("12h", 43_200)]
    [InlineData("7d", 604_800)]
    [InlineData(" 4W ", 2_419_200)]
    public void A_number_and_a_unit_are_read(string text, int seconds)
    {
        Assert.True(DurationText.TryParse(text, out var span));
        Assert.Equal(seconds, span.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("d")]
    [InlineData("0d")]
    [InlineData("-1d")]
    [InlineData("1.5h")]
    [InlineData("7 days")]
    [InlineData("1000001s")]
    [InlineData("99999999999d")]
    public void Anything_else_is_not(string text) => Assert.False(DurationText.TryParse(text, out _));
}
