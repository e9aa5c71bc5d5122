using System.Text;
using Mycel.Node.Cli.Chat;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class MarkdownRendererTests
{
    private const string Sample = """
        # Title with `code`

        A **bold** and *italic* and ***both*** word, `code`, ~~gone~~, [link](https://example.org/a_(b)) and ![image](x.png).
        2 * 3 * 4, snake_case_name, __init__, a\*b, 5 < 6, "quotes" & more! [1] [x]
        - item **one**
          - nested `item`
        * * *
        1. first
        2) second
        > quoted *text*
        > > deeper
        ```python
        def f(): # **not bold**
            return "```"
        ```
        ~~~
        plain
        ~~~
        | a | **b** |
        |---|---|
        ---
        Unclosed **bold and `code
        emoji 🍄 and 中文 text, naïve
        > ```c
        > int x;
        > ```
        end *
        """;

    public static TheoryData<string> Samples =>
    [
        Sample,
        "",
        "\n",
        "a\n\n\nb",
        "```",
        "```\ncode",
        "```x\ncode\n``",
        "**",
        "** a **",
        "-",
        "- ",
        "---",
        "####### seven",
        "#",
        "# ",
        ">",
        "1.",
        "1. ",
        "12345678901. no list",
        "[a](b",
        "!",
        "\\",
        "`a``b`",
        "``a`b``",
        "*a **b** c* d",
        "**a *b* c** d",
        "word " + new string('x', 90) + " word",
        "中文字符测试中文字符测试中文字符测试中文字符测试中文字符测试中文字符测试",
        "  indented\ttabbed\r\ncarriage",
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Any_cut_into_two_pieces_gives_the_same_output(string text)
    {
        string whole = Render(40, text);
        for (int cut = 0; cut <= text.Length; cut++) Assert.Equal(whole, Render(40, text[..cut], text[cut..]));
    }

    [Fact]
    public void Pieces_of_one_character_give_the_same_output() =>
        Assert.Equal(Render(40, Sample), Render(40, [.. Sample.Select(c => c.ToString())]));

    [Fact]
    public void Random_pieces_give_the_same_output()
    {
        Random random = new(7);
        string whole = Render(30, Sample);
        for (int round = 0; round < 200; round++)
        {
            List<string> pieces = [];
            for (int at = 0; at < Sample.Length;)
            {
                int length = Math.Min(random.Next(1, 12), Sample.Length - at);
                pieces.Add(Sample.Substring(at, length));
                at += length;
            }

            Assert.Equal(whole, Render(30, [.. pieces]));
        }
    }

    [Theory]
    [InlineData("plain words", "plain words")]
    [InlineData("a **b** c", "a b c")]
    [InlineData("a *b* c", "a b c")]
    [InlineData("a _b_ c", "a b c")]
    [InlineData("`a*b*c`", "a*b*c")]
    [InlineData("``a`b``", "a`b")]
    [InlineData("snake_case_name", "snake_case_name")]
    [InlineData("2 * 3 * 4", "2 * 3 * 4")]
    [InlineData("**open", "**open")]
    [InlineData("`open", "`open")]
    [InlineData(@"\*star\*", "*star*")]
    [InlineData("~~gone~~", "gone")]
    [InlineData("[text](http://a.b)", "text (http://a.b)")]
    [InlineData("[http://a.b](http://a.b)", "http://a.b")]
    [InlineData("[1] and [x] stay", "[1] and [x] stay")]
    [InlineData("# Title", "Title")]
    [InlineData("#hashtag", "#hashtag")]
    [InlineData("- item", "• item")]
    [InlineData("-5 degrees", "-5 degrees")]
    [InlineData("3. third", "3. third")]
    [InlineData("3.14 is pi", "3.14 is pi")]
    [InlineData("> quote", "│ quote")]
    [InlineData("> - item", "│ • item")]
    [InlineData("| a | *b* |", "| a | *b* |")]
    public void A_line_is_shown_as(string markdown, string shown) => Assert.Equal(shown, Screen(60, markdown).Text);

    [Fact]
    public void A_code_block_shows_its_language_and_keeps_its_text()
    {
        string[] rows = Screen(60, "```python\nif a:\n    b = \"**c**\"\n\n# d\n```\nafter").Text.Split('\n');
        Assert.StartsWith("── python ─", rows[0]);
        Assert.Equal(["if a:", "    b = \"**c**\"", "", "# d"], rows[1..5]);
        Assert.Matches("^─+$", rows[5]);
        Assert.Equal("after", rows[6]);
    }

    [Fact]
    public void A_code_block_inside_a_list_loses_the_list_indentation() =>
        Assert.Equal("code", Screen(60, "- item\n  ```\n  code\n  ```\n").Text.Split('\n')[2]);

    [Fact]
    public void Words_wrap_whole_and_items_hang()
    {
        Assert.Equal(
            "• one two\n  three four\n  five",
            Screen(13, "- one two three four five").Text);
        Assert.Equal("│ one two\n│ three", Screen(13, "> one two three").Text);
        Assert.Equal("1. one\n   twelve", Screen(13, "1. one twelve").Text);
    }

    [Fact]
    public void A_bold_word_that_wraps_stays_bold()
    {
        string output = Render(13, "one two **three** x");
        Assert.Equal("one two\nthree x", new TerminalScreen(13).Write(output).Text);
        int rewritten = output.LastIndexOf("three", StringComparison.Ordinal);
        Assert.Equal("\e[0;1m", output[(rewritten - 6)..rewritten]);
    }

    [Fact]
    public void Text_is_shown_before_its_line_ends()
    {
        StringBuilder output = new();
        MarkdownRenderer renderer = new(new WrappingWriter(output, 80));
        renderer.Feed("Hello wor");
        Assert.Equal("Hello wor", output.ToString());
    }

    [Fact]
    public void An_unclosed_mark_holds_text_back_only_so_long()
    {
        StringBuilder output = new();
        MarkdownRenderer renderer = new(new WrappingWriter(output, 10_000));
        renderer.Feed("**" + new string('x', MarkdownInline.MaxSpan));
        Assert.StartsWith("**xxx", output.ToString());
    }

    [Fact]
    public void Styles_end_with_the_answer() => Assert.EndsWith(TextStyles.Reset, Render(40, "# Title"));

    [Fact]
    public void Escape_sequences_of_a_model_never_reach_the_terminal()
    {
        string output = Render(40, "a\e[31mb\u009b1mc\a `x\e]0;t\a`");
        Assert.DoesNotContain("\e[31m", output);
        Assert.DoesNotContain("\u009b", output);
        Assert.DoesNotContain("\a", output);
        Assert.DoesNotContain("\e]", output);
    }

    [Fact]
    public void No_sample_writes_past_the_edge_of_a_narrow_terminal()
    {
        string text = string.Join('\n', Sample.Split('\n').Where(line => !line.StartsWith('|') && !line.Contains("def f") && !line.Contains("return")));
        foreach (int width in (int[])[11, 12, 13, 20, 33]) _ = Screen(width, text).Text;
    }

    private static TerminalScreen Screen(int width, string text) => new TerminalScreen(width).Write(Render(width, text));

    private static string Render(int width, params string[] pieces)
    {
        StringBuilder output = new();
        MarkdownRenderer renderer = new(new WrappingWriter(output, width));
        foreach (string piece in pieces) renderer.Feed(piece);
        renderer.Finish();
        return output.ToString();
    }
}
