using System.Text;
using Mycel.Llama.Engine;

namespace Mycel.Llama.Tests.Engine;

public class GrammarTriggerTests
{
    private static string? Push(GrammarTrigger trigger, params byte[] piece) => trigger.Push(piece) is { } begun ? Encoding.UTF8.GetString(begun) : null;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void Begins_at_the_first_of_its_texts_wherever_tokens_end()
    {
        var trigger = new GrammarTrigger(["<call>", "[TOOL]"], null!);

        Assert.Null(Push(trigger, Bytes("Let me see. <ca")));
        Assert.Null(Push(trigger, Bytes("t> <cal")));
        Assert.Equal("<call>{", Push(trigger, Bytes("l>{")));
    }

    [Fact]
    public void Waits_for_the_rest_of_a_character()
    {
        var trigger = new GrammarTrigger(["<call>"], null!);
        var snowman = Bytes("☃");

        Assert.Null(Push(trigger, [.. Bytes("<call>"), snowman[0]]));
        Assert.Null(Push(trigger, snowman[1]));
        Assert.Equal("<call>☃", Push(trigger, snowman[2]));
    }

    [Fact]
    public void Finds_its_text_after_much_that_is_none()
    {
        var trigger = new GrammarTrigger(["<call>"], null!);
        for (var i = 0; i < 1000; i++) Assert.Null(Push(trigger, Bytes("<cal a word ")));

        Assert.Null(Push(trigger, Bytes("<ca")));
        Assert.Equal("<call>", Push(trigger, Bytes("ll>")));
    }
}
