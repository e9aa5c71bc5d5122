using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public class NearNamesTests
{
    private static readonly string[] Known = ["relay:llama3.2:1b", "relay:llama3.2:3b", "relay:qwen2.5:7b", "relay:phi4", "relay:nomic-embed-text"];

    [Theory]
    [InlineData("llama3.2", "relay:llama3.2:1b relay:llama3.2:3b")]
    [InlineData("llama3.2:2b", "relay:llama3.2:1b relay:llama3.2:3b")]
    [InlineData("relay:llama3.2:1", "relay:llama3.2:1b relay:llama3.2:3b")]
    [InlineData("PHI4", "relay:phi4")]
    [InlineData("phi5", "relay:phi4")]
    [InlineData("phi4-mini", "relay:phi4")]
    [InlineData("nomic", "relay:nomic-embed-text")]
    [InlineData("qwen2.5:7b-instruct", "relay:qwen2.5:7b")]
    [InlineData("mistral-large-2411", "")]
    [InlineData("", "")]
    [InlineData("x", "")]
    public void The_nearest_come_first(string wanted, string expected) => Assert.Equal(expected, string.Join(' ', NearNames.Find(wanted, Known)));

    [Fact]
    public void Three_are_named_at_most() => Assert.Equal(3, NearNames.Find("model", Enumerable.Range(0, 50).Select(i => $"model-{i}")).Count);

    [Fact]
    public void Names_of_any_length_and_script_are_compared()
    {
        var random = new Random(11);
        for (var i = 0; i < 2000; i++) NearNames.Find(Name(), [Name(), Name(), ""]);

        string Name() => new([.. Enumerable.Range(0, random.Next(0, 200)).Select(_ => (char)random.Next(0x10000))]);
    }
}
