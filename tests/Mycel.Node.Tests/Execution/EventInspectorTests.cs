using System.Text;
using Mycel.Node.Execution;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Execution;

public class EventInspectorTests
{
    [Theory]
    [InlineData("""{"choices":[{"delta":{"role":"assistant"}}]}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":""}}]}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":[]}}]}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[{"delta":{},"finish_reason":null}]}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[]}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":null}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":{"delta":{"content":"x"}}}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[5,{"delta":{"content":"x"}}]}""", EventMeaning.Preamble)]
    [InlineData("""{"object":"prefill","progress":0.5}""", EventMeaning.Preamble)]
    [InlineData("""{}""", EventMeaning.Preamble)]
    [InlineData("""{"error":null}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[{"text":""}]}""", EventMeaning.Preamble)]
    [InlineData("""{"choices":[{"delta":{"content":"x"}}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"delta":{"content":" "}}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"hm"}}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"delta":{"field_yet_unknown":{"a":1}}}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"delta":{},"finish_reason":"stop"}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"delta":{}},{"delta":{"content":"x"}}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"text":"x"}]}""", EventMeaning.Output)]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"x"}}]}""", EventMeaning.Output)]
    [InlineData("""{"\u0063hoices":[{"delta":{"content":"x"}}]}""", EventMeaning.Output)]
    [InlineData("""{"error":{"message":"out of memory"}}""", EventMeaning.Error)]
    [InlineData("""{"error":"plain"}""", EventMeaning.Error)]
    [InlineData("""{"error":"\ud800"}""", EventMeaning.Garbage)]
    [InlineData("""[1]""", EventMeaning.Garbage)]
    [InlineData("""5""", EventMeaning.Garbage)]
    [InlineData("""{"choices":[{"delta":{"content":"x"}""", EventMeaning.Garbage)]
    [InlineData("""<html>""", EventMeaning.Garbage)]
    [InlineData("", EventMeaning.Garbage)]
    internal void An_event_is_judged_by_what_it_says(string json, EventMeaning meaning) => Assert.Equal(meaning, EventInspector.Judge(Encoding.UTF8.GetBytes(json), out _));

    [Theory]
    [InlineData("""{"error":{"code":500,"message":"out of memory","type":"x"}}""", "out of memory")]
    [InlineData("""{"error":"plain"}""", "plain")]
    [InlineData("""{"error":{"code":500}}""", "it did not say what is wrong")]
    [InlineData("""{"error":{"message":{"deep":1}}}""", "it did not say what is wrong")]
    [InlineData("""{"error":42}""", "it did not say what is wrong")]
    [InlineData("""{"error":"  "}""", "it did not say what is wrong")]
    public void An_errors_message_is_found(string json, string message)
    {
        EventInspector.Judge(Encoding.UTF8.GetBytes(json), out var error);
        Assert.Equal(message, error);
        Assert.True(EventInspector.IsErrorDocument(Encoding.UTF8.GetBytes(json), out var said));
        Assert.Equal(message, said);
    }

    [Fact]
    public void A_long_message_is_cut()
    {
        EventInspector.Judge(Encoding.UTF8.GetBytes($$"""{"error":"{{new string('x', 5000)}}"}"""), out var error);
        Assert.Equal(301, error!.Length);
    }

    [Theory]
    [InlineData("""{"error":null,"choices":[]}""")]
    [InlineData("""{"choices":[],"error":{"message":"x"}}""")]
    [InlineData("""[{"error":1}]""")]
    [InlineData("""{"error":""")]
    [InlineData("""{"error":"\udfff"}""")]
    [InlineData("")]
    public void Other_documents_are_no_errors(string json) => Assert.False(EventInspector.IsErrorDocument(Encoding.UTF8.GetBytes(json), out _));

    [Theory]
    [InlineData(StreamSamples.Usage, 12L, 34L, true)]
    [InlineData(StreamSamples.UsageWithChoice, 5L, 6L, false)]
    [InlineData("""{"usage":{"prompt_tokens":1}}""", 1L, null, true)]
    [InlineData("""{"usage":{"prompt_tokens":1,"completion_tokens":-5}}""", 1L, null, true)]
    [InlineData("""{"usage":{"prompt_tokens":1.5,"completion_tokens":"7"}}""", null, null, true)]
    [InlineData("""{"usage":{"prompt_tokens_details":{"prompt_tokens":9},"prompt_tokens":2,"completion_tokens":3,"x":[{"completion_tokens":9}]}}""", 2L, 3L, true)]
    public void Usage_is_read(string json, long? prompt, long? completion, bool isUsageOnly)
    {
        Assert.Equal(new TokenUsage(prompt, completion), EventInspector.ReadUsage(Encoding.UTF8.GetBytes(json), out var only));
        Assert.Equal(isUsageOnly, only);
    }

    [Theory]
    [InlineData("""{"usage":null}""")]
    [InlineData("""{"usage":5}""")]
    [InlineData("""{"x":{"usage":{"prompt_tokens":1}}}""")]
    [InlineData("""{"usage":{"prompt_tokens":1}""")]
    [InlineData("""[]""")]
    [InlineData("")]
    public void Where_there_is_no_usage_none_is_read(string json)
    {
        Assert.Null(EventInspector.ReadUsage(Encoding.UTF8.GetBytes(json), out var only));
        Assert.False(only);
    }

    [Theory]
    [InlineData("""{"a":{"b":[1,2]}}""", true)]
    [InlineData("""{"a":{"b":1}""", false)]
    [InlineData("""{"a":[{"b":1},{"c":2}""", false)]
    [InlineData("""{"a":1}}""", false)]
    [InlineData("", false)]
    public void A_document_is_whole_from_its_start_to_its_end(string json, bool isWhole) => Assert.Equal(isWhole, EventInspector.IsWhole(Encoding.UTF8.GetBytes(json)));
}
