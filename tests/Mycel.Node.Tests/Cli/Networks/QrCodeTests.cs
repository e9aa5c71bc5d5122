using System.Text.RegularExpressions;
using Mycel.Node.Cli.Networks;

namespace Mycel.Node.Tests.Cli.Networks;

public sealed partial class QrCodeTests
{
    private const int QuietZone = 4;

    [Fact]
    public void The_code_of_an_invite_reads_as_the_invite()
    {
        var token = InviteSample.Make().ToToken();

        var code = QrCode.Of(token)!;

        Assert.Equal(token, ReaderOf(code).Read());
        Assert.True(code.Size <= 120, $"{code.Size} columns are more than a terminal shows well.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(100)]
    [InlineData(230)]
    [InlineData(231)]
    [InlineData(1_273)]
    [InlineData(2_000)]
    [InlineData(2_953)]
    public void A_text_of_any_length_that_fits_reads_as_it_was(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i * 7 % 26))));

        var reader = ReaderOf(QrCode.Of(text)!);

        Assert.InRange(reader.Version, 1, 40);
        Assert.Equal(text, reader.Read());
    }

    [Fact]
    public void A_text_that_fits_no_code_has_none() => Assert.Null(QrCode.Of(new string('a', 2_954)));

    [Fact]
    public void The_quiet_zone_is_four_modules_and_light()
    {
        var code = QrCode.Of("mycel")!;

        for (var i = 0; i < code.Size; i++)
        {
            for (var edge = 0; edge < QuietZone; edge++)
            {
                Assert.False(code.IsDark(edge, i) || code.IsDark(code.Size - 1 - edge, i) || code.IsDark(i, edge) || code.IsDark(i, code.Size - 1 - edge));
            }
        }
        Assert.True(code.IsDark(QuietZone, QuietZone));
    }

    [Fact]
    public void Its_lines_show_every_module_in_black_and_white_of_their_own()
    {
        var code = QrCode.Of(InviteSample.Make().ToToken())!;

        var lines = code.Lines().ToList();

        Assert.Equal(code.Height, lines.Count);
        for (var row = 0; row < lines.Count; row++)
        {
            var cells = CellsOf(lines[row]);
            Assert.Equal(code.Size, cells.Count);
            for (var column = 0; column < cells.Count; column++)
                Assert.Equal((code.IsDark(2 * row, column), code.IsDark((2 * row) + 1, column)), cells[column]);
            Assert.EndsWith("\e[0m", lines[row], StringComparison.Ordinal);
        }
    }

    private static QrReader ReaderOf(QrCode code) => new(code.Size - (2 * QuietZone), (row, column) => code.IsDark(row + QuietZone, column + QuietZone));

    /// <summary>What a terminal shows: upper and lower half of each cell, true for black.</summary>
    private static List<(bool Upper, bool Lower)> CellsOf(string line)
    {
        var cells = new List<(bool, bool)>();
        bool? text = null, ground = null;
        foreach (Match match in Parts().Matches(line))
        {
            if (match.Groups["text"].Success)
            {
                foreach (var c in match.Value)
                {
                    Assert.True(c is ' ' or '▀', $"{c} is not drawn alike by all fonts.");
                    cells.Add((c == '▀' ? text!.Value : ground!.Value, ground!.Value));
                }
                continue;
            }
            var codes = match.Groups["codes"].Value;
            if (codes.Contains("38;5;16", StringComparison.Ordinal)) text = true;
            if (codes.Contains("38;5;231", StringComparison.Ordinal)) text = false;
            if (codes.Contains("48;5;16", StringComparison.Ordinal)) ground = true;
            if (codes.Contains("48;5;231", StringComparison.Ordinal)) ground = false;
        }
        return cells;
    }

    [GeneratedRegex("\e\\[(?<codes>[0-9;]*)m|(?<text>[^\e]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();
}
