using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class KeyDecoderTests
{
    [Fact]
    public void A_marked_paste_is_one_input()
    {
        TerminalInput input = Assert.Single(Decode("\e[200~two\rlines\t[x\e[201~"));
        Assert.Equal("two\nlines    [x", input.Pasted);
    }

    [Fact]
    public void Keys_around_a_paste_stay_keys()
    {
        List<TerminalInput> inputs = Decode("a\e[200~b\e[201~c");
        Assert.Equal(['a', 'c'], [inputs[0].Key.KeyChar, inputs[2].Key.KeyChar]);
        Assert.Equal("b", inputs[1].Pasted);
    }

    [Fact]
    public void An_escape_inside_a_paste_does_not_end_it()
    {
        TerminalInput input = Assert.Single(Decode("\e[200~x\e[20y\e[201~"));
        Assert.Equal("x[20y", input.Pasted);
    }

    [Fact]
    public void The_mark_is_known_when_its_escape_comes_as_alt()
    {
        KeyDecoder decoder = new();
        List<TerminalInput> inputs = [];
        decoder.Take(new ConsoleKeyInfo('[', 0, false, alt: true, false), inputs);
        foreach (char c in "200~x\e[201~") decoder.Take(Key(c), inputs);
        Assert.Equal("x", Assert.Single(inputs).Pasted);
    }

    [Fact]
    public void A_lone_escape_is_given_when_nothing_follows()
    {
        KeyDecoder decoder = new();
        List<TerminalInput> inputs = [];
        decoder.Take(Key('\e'), inputs);
        Assert.True(decoder.IsHolding);
        Assert.Empty(inputs);
        decoder.Flush(inputs);
        Assert.Equal('\e', Assert.Single(inputs).Key.KeyChar);
        Assert.False(decoder.IsHolding);
    }

    [Fact]
    public void The_halves_of_an_emoji_are_joined() => Assert.Equal("🍄", Assert.Single(Decode("🍄")).Pasted);

    private static List<TerminalInput> Decode(string keys)
    {
        KeyDecoder decoder = new();
        List<TerminalInput> inputs = [];
        foreach (char c in keys) decoder.Take(Key(c), inputs);
        return inputs;
    }

    private static ConsoleKeyInfo Key(char c) => new(c, 0, shift: false, alt: false, control: false);
}
