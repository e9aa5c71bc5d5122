using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class LineEditorViewTests
{
    [Theory]
    [InlineData("hello", 5, "> hello", 0, 7)]
    [InlineData("hello", 0, "> hello", 0, 2)]
    [InlineData("12345678", 8, "> 12345678", 1, 0)]
    [InlineData("123456789", 9, "> 12345678\n9", 1, 1)]
    [InlineData("123456789", 8, "> 12345678\n9", 1, 0)]
    [InlineData("1234567中", 7, "> 1234567\n中", 1, 0)]
    [InlineData("a\nbc", 4, "> a\n  bc", 1, 4)]
    [InlineData("a\nbc", 1, "> a\n  bc", 0, 3)]
    public void The_line_and_the_cursor_are_where_they_belong(string text, int cursor, string shown, int row, int column)
    {
        TerminalScreen screen = new(10);
        screen.Write(new LineEditorView().Draw("> ", "", text, cursor, 10, 24));
        Assert.Equal(shown, screen.Text);
        Assert.Equal((row, column), (screen.Row, screen.Column));
    }

    [Fact]
    public void Every_drawing_replaces_the_one_before()
    {
        Random random = new(3);
        TerminalScreen screen = new(12);
        screen.Write("before\n");
        LineEditorView view = new();
        for (int round = 0; round < 500; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(0, 60)).Select(_ => random.Next(12) switch { 0 => "\n", 1 => "中", 2 => "🍄", _ => "x" }));
            int cursor = random.Next(0, text.Length + 1);
            if (cursor < text.Length && char.IsLowSurrogate(text[cursor])) cursor--;
            screen.Write(view.Draw("> ", "", text, cursor, 12, 100));

            TerminalScreen fresh = new(12);
            fresh.Write("before\n").Write(new LineEditorView().Draw("> ", "", text, cursor, 12, 100));
            Assert.Equal(fresh.Text, screen.Text);
            Assert.Equal((fresh.Row, fresh.Column), (screen.Row, screen.Column));
        }
    }

    [Fact]
    public void Of_a_text_taller_than_the_screen_the_rows_around_the_cursor_are_shown()
    {
        string text = string.Join('\n', Enumerable.Range(0, 30).Select(i => $"row{i}"));
        LineEditorView view = new();
        TerminalScreen screen = new(20);
        screen.Write(view.Draw("> ", "", text, text.Length, 20, 6));
        Assert.Equal("  row25\n  row26\n  row27\n  row28\n  row29", screen.Text);
        screen.Write(view.Draw("> ", "", text, 0, 20, 6));
        Assert.Equal("> row0\n  row1\n  row2\n  row3\n  row4", screen.Text);
        Assert.Equal((0, 2), (screen.Row, screen.Column));
    }

    [Fact]
    public void Control_characters_in_the_line_are_shown_as_question_marks()
    {
        string output = new LineEditorView().Draw("> ", "", "a\e[2Jb", 6, 40, 24);
        Assert.DoesNotContain("\e[2J", output);
        Assert.Contains("a?[2Jb", output);
    }
}
