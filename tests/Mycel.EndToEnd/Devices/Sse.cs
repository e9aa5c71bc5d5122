using System.Text;
using System.Text.Json;

namespace Mycel.EndToEnd.Devices;

/// <summary>The events of a streamed chat answer, and their framing.</summary>
internal static class Sse
{
    public const string Done = "data: [DONE]\n\n";

    public static string Role(string model = "m") => Event(model, """{"role":"assistant","content":""}""");

    public static string Token(string text, string model = "m") => Event(model, $$"""{"content":{{JsonSerializer.Serialize(text)}}}""");

    public static string Finish(string reason = "stop", string model = "m") => Event(model, "{}", $"\"{reason}\"");

    public static string Usage(int prompt, int completion, string model = "m") =>
        $$$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":{{{JsonSerializer.Serialize(model)}}},"choices":[],"usage":{"prompt_tokens":{{{prompt}}},"completion_tokens":{{{completion}}},"total_tokens":{{{prompt + completion}}}}}""" + "\n\n";

    /// <summary>A chunk with one delta.</summary>
    public static string Event(string model, string delta, string finish = "null") =>
        $$"""data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":{{JsonSerializer.Serialize(model)}},"choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""" + "\n\n";

    /// <summary>A whole answer of these tokens, with usage where asked for.</summary>
    public static string Answer(IEnumerable<string> tokens, bool usage, string model = "m")
    {
        var list = tokens.ToList();
        var text = new StringBuilder(Role(model));
        foreach (var token in list) text.Append(Token(token, model));
        text.Append(Finish(model: model));
        if (usage) text.Append(Usage(7, list.Count, model));
        return text.Append(Done).ToString();
    }

    /// <summary>The pieces of content in a streamed answer as a client received it.</summary>
    public static IReadOnlyList<string> Contents(string stream) =>
        Events(stream).Where(data => data != "[DONE]").Select(data =>
        {
            using var json = JsonDocument.Parse(data);
            return json.RootElement.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0
                && choices[0].GetProperty("delta").TryGetProperty("content", out var content)
                ? content.GetString() ?? ""
                : "";
        }).Where(content => content.Length > 0).ToList();

    /// <summary>The data of each event, comments left out.</summary>
    public static IReadOnlyList<string> Events(string stream) =>
        stream.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(block => string.Join('\n', block.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].TrimStart(' '))))
            .Where(data => data.Length > 0)
            .ToList();
}
