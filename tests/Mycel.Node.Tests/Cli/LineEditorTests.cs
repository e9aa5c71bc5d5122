using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class LineEditorTests
{
    private readonly LineEditor _editor = new();

    [Fact]
    public void Characters_go_in_at_the_cursor()
    {
        Type("helo");
        Press(ConsoleKey.LeftArrow);
        Type("l");
        Assert.Equal(("hello", 4), State);
    }

    [Fact]
    public void Home_end_and_their_control_keys_move()
    {
        Type("abc");
        Press(ConsoleKey.Home);
        Assert.Equal(0, _editor.Cursor);
        Press(ConsoleKey.End);
        Assert.Equal(3, _editor.Cursor);
        Control(ConsoleKey.A);
        Assert.Equal(0, _editor.Cursor);
        Control(ConsoleKey.E);
        Assert.Equal(3, _editor.Cursor);
    }

    [Fact]
    public void Control_u_and_k_cut_and_y_brings_back()
    {
        Type("one two");
        Press(ConsoleKey.LeftArrow);
        Control(ConsoleKey.U);
        Assert.Equal(("o", 0), State);
        Control(ConsoleKey.Y);
        Assert.Equal(("one two", 6), State);
        Control(ConsoleKey.A);
        Control(ConsoleKey.K);
        Assert.Equal(("", 0), State);
    }

    [Fact]
    public void Control_w_cuts_the_word_before_the_cursor()
    {
        Type("say http://x/y  ");
        Control(ConsoleKey.W);
        Assert.Equal(("say ", 4), State);
        Control(ConsoleKey.W);
        Control(ConsoleKey.W);
        Assert.Equal(("", 0), State);
    }

    [Fact]
    public void Words_are_jumped_over()
    {
        Type("one two-three");
        Press(ConsoleKey.LeftArrow, ConsoleModifiers.Control);
        Assert.Equal(8, _editor.Cursor);
        Press(ConsoleKey.B, ConsoleModifiers.Alt);
        Assert.Equal(4, _editor.Cursor);
        Press(ConsoleKey.RightArrow, ConsoleModifiers.Control);
        Assert.Equal(7, _editor.Cursor);
    }

    [Fact]
    public void What_looks_like_one_character_is_moved_over_and_deleted_as_one()
    {
        _editor.Insert("a👩‍👩‍👧e\u0301");
        Press(ConsoleKey.LeftArrow);
        Assert.Equal(_editor.Text.Length - 2, _editor.Cursor);
        Press(ConsoleKey.Backspace);
        Assert.Equal("ae\u0301", _editor.Text);
        Press(ConsoleKey.Delete);
        Assert.Equal(("a", 1), State);
    }

    [Fact]
    public void Up_and_down_recall_lines_and_keep_the_draft()
    {
        _editor.Remember("first");
        _editor.Remember("second");
        _editor.Remember("second");
        Type("draft");
        Press(ConsoleKey.UpArrow);
        Assert.Equal("second", _editor.Text);
        Press(ConsoleKey.UpArrow);
        Press(ConsoleKey.UpArrow);
        Assert.Equal(("first", 5), State);
        Press(ConsoleKey.DownArrow);
        Press(ConsoleKey.DownArrow);
        Press(ConsoleKey.DownArrow);
        Assert.Equal("draft", _editor.Text);
    }

    [Fact]
    public void History_has_an_end()
    {
        for (int i = 0; i <= LineEditor.MaxHistory; i++) _editor.Remember($"line {i}");
        for (int i = 0; i <= LineEditor.MaxHistory; i++) Press(ConsoleKey.UpArrow);
        Assert.Equal("line 1", _editor.Text);
    }

    [Fact]
    public void Enter_submits_alt_enter_breaks_the_line_and_control_l_clears_the_screen()
    {
        Type("a");
        Assert.Equal(LineEditResult.Editing, Press(ConsoleKey.Enter, ConsoleModifiers.Alt));
        Assert.Equal("a\n", _editor.Text);
        Assert.Equal(LineEditResult.Submitted, Press(ConsoleKey.Enter));
        Assert.Equal(LineEditResult.ClearScreen, Control(ConsoleKey.L));
        Assert.Equal("a\n", _editor.Text);
    }

    [Fact]
    public void Control_d_ends_an_empty_line_and_deletes_in_any_other()
    {
        Type("ab");
        Control(ConsoleKey.A);
        Assert.Equal(LineEditResult.Editing, Control(ConsoleKey.D));
        Assert.Equal("b", _editor.Text);
        Control(ConsoleKey.D);
        Assert.Equal(LineEditResult.Ended, Control(ConsoleKey.D));
    }

    [Fact]
    public void Unknown_keys_and_control_characters_put_nothing_in()
    {
        Press(ConsoleKey.F5);
        Press(ConsoleKey.Escape, keyChar: '\e');
        Control(ConsoleKey.G);
        Assert.Equal("", _editor.Text);
    }

    [Fact]
    public void A_line_has_a_bound()
    {
        _editor.Insert(new string('x', LineEditor.MaxLength));
        Type("y");
        Assert.Equal(LineEditor.MaxLength, _editor.Text.Length);
    }

    [Fact]
    public void Tab_completes_as_far_as_is_clear_and_then_shows_the_choices()
    {
        LineEditor editor = new(_ => ["/model", "/models", "/relay"]);
        editor.Insert("/m");
        editor.Press(Key(ConsoleKey.Tab));
        Assert.Equal("/model", editor.Text);
        editor.Press(Key(ConsoleKey.Tab));
        Assert.Equal(["/model", "/models"], editor.Choices);
        editor.Clear();
        editor.Insert("/r");
        editor.Press(Key(ConsoleKey.Tab));
        Assert.Equal("/relay ", editor.Text);
        Assert.Empty(editor.Choices);
    }

    private (string Text, int Cursor) State => (_editor.Text, _editor.Cursor);

    private void Type(string text)
    {
        foreach (char c in text) _editor.Press(new ConsoleKeyInfo(c, 0, shift: false, alt: false, control: false));
    }

    private LineEditResult Press(ConsoleKey key, ConsoleModifiers modifiers = 0, char keyChar = '\0') => _editor.Press(Key(key, modifiers, keyChar));

    private LineEditResult Control(ConsoleKey key) => Press(key, ConsoleModifiers.Control);

    private static ConsoleKeyInfo Key(ConsoleKey key, ConsoleModifiers modifiers = 0, char keyChar = '\0') =>
        new(keyChar, key, modifiers.HasFlag(ConsoleModifiers.Shift), modifiers.HasFlag(ConsoleModifiers.Alt), modifiers.HasFlag(ConsoleModifiers.Control));
}
