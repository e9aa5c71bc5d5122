namespace Mycel.Node.Tests.Execution;

/// <summary>Event streams as backends send them.</summary>
internal static class StreamSamples
{
    public const string Role = """{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""";
    public const string Hello = """{"id":"1","choices":[{"index":0,"delta":{"content":"Hällo 🌍"},"finish_reason":null}]}""";
    public const string Stop = """{"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    public const string Usage = """{"id":"1","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46,"prompt_tokens_details":{"cached_tokens":3}}}""";
    public const string UsageWithChoice = """{"id":"1","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":6}}""";

    /// <summary>Name, stream, and the stream less the usage event that was not asked for.</summary>
    public static IEnumerable<(string Name, string Stream, string WithoutUsage)> All()
    {
        foreach (var end in new[] { "\n", "\r\n" })
        {
            var ending = end == "\n" ? "LF" : "CRLF";
            var role = Event(Role, end);
            var hello = Event(Hello, end);
            var stop = Event(Stop, end);
            var usage = Event(Usage, end);
            var done = Event("[DONE]", end);
            yield return ($"plain {ending}", role + hello + hello + stop + done, role + hello + hello + stop + done);
            yield return ($"usage before done {ending}", role + hello + stop + usage + done, role + hello + stop + done);
            yield return ($"usage without done {ending}", hello + stop + usage, hello + stop);
            yield return ($"usage first {ending}", usage + hello + stop + done, hello + stop + done);
            yield return ($"usage amid {ending}", hello + usage + hello + stop + done, hello + hello + stop + done);
            yield return ($"usage twice {ending}", hello + usage + usage + stop + done, hello + stop + done);
            yield return ($"usage after done {ending}", hello + stop + done + usage, hello + stop + done);
            yield return ($"usage beside output {ending}", hello + Event(UsageWithChoice, end) + done, hello + Event(UsageWithChoice, end) + done);
            yield return ($"usage null {ending}", hello + Event("""{"choices":[],"usage":null}""", end) + stop + done, hello + Event("""{"choices":[],"usage":null}""", end) + stop + done);
            yield return ($"comments {ending}", $": hi{end}{end}" + hello + $":{end}: more{end}" + stop + usage + done, $": hi{end}{end}" + hello + $":{end}: more{end}" + stop + done);
            // The lines beside the data were passed on already; the empty line stays with them, so that they name no other event.
            yield return ($"named events {ending}", Named(hello, end) + Named(stop, end) + Named(usage, end) + done, Named(hello, end) + Named(stop, end) + $"event: chunk{end}id: 7{end}{end}" + done);
            yield return ($"fields after the data {ending}", hello + stop + usage[..^end.Length] + $"id: 7{end}{end}" + done, hello + stop + $"id: 7{end}{end}" + done);
            yield return ($"data without a space {ending}", hello.Replace("data: ", "data:", StringComparison.Ordinal) + stop + usage.Replace("data: ", "data:", StringComparison.Ordinal) + done,
                hello.Replace("data: ", "data:", StringComparison.Ordinal) + stop + done);
            yield return ($"empty lines {ending}", end + end + hello + end + stop + usage + end + done, end + end + hello + end + stop + end + done);
        }
        yield return ("text that speaks of usage", Event(""" {"choices":[{"delta":{"content":"\"usage\": {\"prompt_tokens\": 99}"}}]}""", "\n") + Event(Stop, "\n"),
            Event(""" {"choices":[{"delta":{"content":"\"usage\": {\"prompt_tokens\": 99}"}}]}""", "\n") + Event(Stop, "\n"));
        yield return ("mixed line ends", Event(Hello, "\r\n") + Event(Stop, "\n") + $"data: {Usage}\r\n\n" + Event("[DONE]", "\n"), Event(Hello, "\r\n") + Event(Stop, "\n") + Event("[DONE]", "\n"));
        yield return ("garbage", "data: <html>\n\nnonsense\n\n\0\u0001data\n" + Event(Hello, "\n"), "data: <html>\n\nnonsense\n\n\0\u0001data\n" + Event(Hello, "\n"));
        yield return ("not ended", Event(Hello, "\n") + "data: {\"choices\":[{\"del", Event(Hello, "\n") + "data: {\"choices\":[{\"del");
        yield return ("usage without its line's end", Event(Hello, "\n") + Event(Stop, "\n") + "data: " + Usage, Event(Hello, "\n") + Event(Stop, "\n"));
    }

    public static string Event(string data, string end) => $"data: {data}{end}{end}";

    private static string Named(string sent, string end) => $"event: chunk{end}id: 7{end}{sent}";
}
