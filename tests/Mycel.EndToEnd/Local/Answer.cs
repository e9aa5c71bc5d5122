using System.Text;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>A chat's answer put together from a document or from a stream's events, so that both can be compared.</summary>
internal sealed class Answer
{
    private readonly SortedDictionary<int, Choice> _choices = [];

    /// <summary>One of its choices.</summary>
    internal sealed class Choice
    {
        public StringBuilder Text { get; } = new();

        public string? FinishReason { get; set; }

        public List<JsonNode> LogProbs { get; } = [];

        /// <summary>Names and arguments of the tools it calls.</summary>
        public SortedDictionary<int, (string Name, string Arguments)> Calls { get; } = [];
    }

    public JsonNode Usage { get; private set; } = new JsonObject();

    public string Text => Choices[0].Text.ToString();

    public string? FinishReason => Choices[0].FinishReason;

    public IReadOnlyList<Choice> Choices => [.. _choices.Values];

    public int PromptTokens => (int)Usage["prompt_tokens"]!;

    public int CompletionTokens => (int)Usage["completion_tokens"]!;

    public int CachedTokens => (int)Usage["prompt_tokens_details"]!["cached_tokens"]!;

    /// <summary>All that does not differ between two replies to the same request: neither ids nor times.</summary>
    public string Seen => string.Join('\n', _choices.Select(entry =>
        $"{entry.Key}: [{entry.Value.Text}] {entry.Value.FinishReason} {string.Join(' ', entry.Value.Calls.Values)} {string.Concat(entry.Value.LogProbs.Select(l => l.ToJsonString()))}"))
        + $"\n{PromptTokens}+{CompletionTokens}";

    /// <summary>Reads a reply; fails the test where it is not whole.</summary>
    public static Answer Of(Reply reply)
    {
        var answer = new Answer();
        if (reply["Content-Type"]!.StartsWith("application/json", StringComparison.Ordinal)) answer.ReadDocument(reply.Json);
        else answer.ReadStream(reply.Text);
        return answer;
    }

    private void ReadDocument(JsonNode json)
    {
        Assert.Equal("chat.completion", (string?)json["object"]);
        Usage = json["usage"]!;
        foreach (var choice in json["choices"]!.AsArray()) Take(choice!, choice!["message"]!);
    }

    private void ReadStream(string text)
    {
        Assert.DoesNotContain('\uFFFD', text);
        Assert.EndsWith(Sse.Done, text);
        foreach (var data in Sse.Events(text).SkipLast(1))
        {
            var json = JsonNode.Parse(data)!;
            Assert.True(json["error"] is null, data);
            Assert.Equal("chat.completion.chunk", (string?)json["object"]);
            if (json["usage"] is JsonObject usage) Usage = usage.DeepClone();
            foreach (var choice in json["choices"]!.AsArray()) Take(choice!, choice!["delta"]!);
        }
    }

    private void Take(JsonNode choice, JsonNode part)
    {
        var index = (int)choice["index"]!;
        if (!_choices.TryGetValue(index, out var taken)) _choices[index] = taken = new Choice();
        Assert.True(taken.FinishReason is null, $"Something came after the choice's end: {choice.ToJsonString()}");
        taken.Text.Append((string?)part["content"]);
        taken.FinishReason = (string?)choice["finish_reason"];
        if (choice["logprobs"]?["content"] is JsonArray tokens) taken.LogProbs.AddRange(tokens.Select(token => token!.DeepClone()));
        var position = 0;
        foreach (var call in part["tool_calls"]?.AsArray() ?? [])
        {
            var at = (int?)call!["index"] ?? position++;
            var (name, arguments) = taken.Calls.GetValueOrDefault(at, ("", ""));
            taken.Calls[at] = (name + (string?)call["function"]!["name"], arguments + (string?)call["function"]!["arguments"]);
        }
    }
}
