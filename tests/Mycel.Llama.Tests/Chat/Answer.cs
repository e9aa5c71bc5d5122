using System.Text;
using System.Text.Json.Nodes;
using Mycel.Llama.Chat;

namespace Mycel.Llama.Tests.Chat;

/// <summary>What a parser told of an output.</summary>
internal sealed class Answer : IChatOutput
{
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];

    public string Content => _content.ToString();

    public string Reasoning => _reasoning.ToString();

    public IEnumerable<string> Names => _calls.Select(call => call.Name);

    public IEnumerable<string> Ids => _calls.Select(call => call.Id);

    public IReadOnlyList<string> Arguments => [.. _calls.Select(call => call.Arguments.ToString())];

    /// <summary>All of it in one line, arguments as plain JSON.</summary>
    public string Shown =>
        $"think:{Reasoning} say:{Content} call:{string.Join(' ', _calls.Select(call => call.Name + JsonNode.Parse(call.Arguments.ToString())!.ToJsonString()))}";

    void IChatOutput.Content(string text) => _content.Append(text);

    void IChatOutput.Reasoning(string text) => _reasoning.Append(text);

    void IChatOutput.ToolCall(int index, string id, string name)
    {
        Assert.Equal(_calls.Count, index);
        _calls.Add((id, name, new StringBuilder()));
    }

    void IChatOutput.ToolArguments(int index, string jsonFragment) => _calls[index].Arguments.Append(jsonFragment);

    public static Answer Read(ChatPrompt prompt, params IEnumerable<string> pieces)
    {
        var (parser, answer) = (prompt.NewParser(), new Answer());
        foreach (var piece in pieces)
            parser.Push(piece, answer);
        parser.End(answer);
        Assert.Equal(answer._calls.Count > 0, parser.SawToolCall);
        return answer;
    }

    /// <summary>Reads a text whole, by characters and in random pieces, which must make no difference.</summary>
    public static Answer ReadInAllWays(ChatPrompt prompt, string text)
    {
        var whole = Read(prompt, text);
        var random = new Random(text.Length);
        for (var round = 0; round < 20; round++)
        {
            var most = round == 0 ? 1 : random.Next(2, 24);
            var other = Read(prompt, Cut(text, () => random.Next(1, most + 1)));
            Assert.Equal((whole.Content, whole.Reasoning), (other.Content, other.Reasoning));
            Assert.Equal(whole.Names, other.Names);
            Assert.Equal(whole.Arguments, other.Arguments);
        }

        return whole;
    }

    private static IEnumerable<string> Cut(string text, Func<int> next)
    {
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = Math.Min(next(), text.Length - at);
            yield return text.Substring(at, length);
        }
    }
}
