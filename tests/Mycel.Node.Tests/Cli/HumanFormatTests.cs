using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class HumanFormatTests
{
    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(0.35, "350 ms")]
    [InlineData(45, "45s")]
    [InlineData(60, "1m")]
    [InlineData(302, "5m 2s")]
    [InlineData(7_200, "2h")]
    [InlineData(274_000, "3d 4h")]
    [InlineData(-5, "0 ms")]
    public void Durations(double seconds, string text) => Assert.Equal(text, HumanFormat.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(85, "85 ms")]
    [InlineData(999.6, "1.00 s")]
    [InlineData(1_240, "1.24 s")]
    [InlineData(12_400, "12.4 s")]
    [InlineData(125_000, "2m 5s")]
    public void Latencies(double milliseconds, string text) => Assert.Equal(text, HumanFormat.Latency(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1_000, "1k")]
    [InlineData(1_234, "1.2k")]
    [InlineData(9_960, "10k")]
    [InlineData(999_499, "999k")]
    [InlineData(999_500, "1M")]
    [InlineData(1_234_567, "1.2M")]
    [InlineData(5_600_000_000, "5.6G")]
    [InlineData(-1_500, "-1.5k")]
    [InlineData(long.MinValue, "-9223372T")]
    public void Counts(long count, string text) => Assert.Equal(text, HumanFormat.Count(count));

    [Theory]
    [InlineData(512, "512 B")]
    [InlineData(1_536, "1.5 KB")]
    [InlineData(1_048_575, "1 MB")]
    [InlineData(107_374_182_400, "100 GB")]
    public void Bytes(long bytes, string text) => Assert.Equal(text, HumanFormat.Bytes(bytes));

    [Theory]
    [InlineData(1, "1 model")]
    [InlineData(0, "0 models")]
    [InlineData(1_200, "1.2k models")]
    public void Nouns(long count, string text) => Assert.Equal(text, HumanFormat.Of(count, "model"));

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("中文", 4)]
    [InlineData("🍄", 2)]
    [InlineData("e\u0301", 1)]
    [InlineData("a\u200Db", 2)]
    [InlineData("ｆｕｌｌ", 8)]
    public void Cells(string text, int cells) => Assert.Equal(cells, CellWidth.Of(text));

    [Fact]
    public void Text_from_elsewhere_loses_its_control_characters()
    {
        Assert.Equal("a [31mb c", Printable.Line("a\e[31mb\nc"));
        Assert.Equal("abc…", Printable.Line("abcdefgh", 4));
        Assert.Equal("a\n\tb", Printable.Block("a\n\t\e\rb"));
    }

    [Theory]
    [InlineData("one two three", 9, 0, "one two\nthree")]
    [InlineData("one two three", 9, 2, "one two\n  three")]
    [InlineData("  indented text here", 10, 4, "  indented\n    text\n    here")]
    [InlineData("a verylongwordthatdoesnotfit b", 8, 0, "a\nverylongwordthatdoesnotfit\nb")]
    [InlineData("\e[1mone\e[0m two", 7, 0, "\e[1mone\e[0m two")]
    [InlineData("kept\nlines", 80, 2, "kept\nlines")]
    public void Messages_wrap_between_words(string text, int width, int hanging, string wrapped) =>
        Assert.Equal(wrapped, TextWrap.Wrap(text, width, hanging));
}
