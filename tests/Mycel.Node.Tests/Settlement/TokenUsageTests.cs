using System.Text;
using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Settlement;

public class TokenUsageTests
{
    [Theory]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""", 1L, 2L)]
    [InlineData("""{"usage" : { "completion_tokens" : 2 , "prompt_tokens" : 1 } , "choices":[]}""", 1L, 2L)]
    [InlineData("{\"usage\"\r\n\t:\r\n\t{\"prompt_tokens\":1}}", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens_details":{"prompt_tokens":9,"x":{"completion_tokens":9}},"prompt_tokens":1,"completion_tokens":2,"y":[{"prompt_tokens":9}]}}""", 1L, 2L)]
    [InlineData("""{"content":"\"usage\":{\"prompt_tokens\":9}","usage":{"prompt_tokens":1}}""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":1},"content":"\"usage\":{\"prompt_tokens\":9}"}""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":1},"content":"usage"}""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":1},"content":"he said \"usage","x":{"y":5}}""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":1},"list":["usage",{"prompt_tokens":9}]}""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":9},"x":{"usage":null},"usage":{"prompt_tokens":1}}""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":1},"usage":null}""", 1L, null)]
    [InlineData("""of what was cut","usage":{"prompt_tokens":1,"completion_tokens":2}}""", 1L, 2L)]
    [InlineData("""{"usage":{"prompt_tokens":1,"completion_tok""", 1L, null)]
    [InlineData("""{"usage":{"prompt_tokens":1,"completion_tokens":2,"details":{"a":""", 1L, 2L)]
    [InlineData("""{"usage":{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775808}}""", long.MaxValue, null)]
    public void Usage_is_found_in_a_document_or_its_end(string json, long? prompt, long? completion) =>
        Assert.Equal(new TokenUsage(prompt, completion), TokenUsage.FindLast(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"usage":null}""")]
    [InlineData("""{"usage":5}""")]
    [InlineData("""{"usage":{}}""")]
    [InlineData("""{"usage":{"total_tokens":5}}""")]
    [InlineData("""{"usage":{"prompt_tokens":-1,"completion_tokens":"2"}}""")]
    [InlineData("""{"content":"usage"}""")]
    [InlineData("""{"content":"\"usage\":{\"prompt_tokens\":9}"}""")]
    [InlineData("""{"usage":{"prompt_tokens":x}}""")]
    [InlineData("""{"usage":{""")]
    [InlineData("""{"usage":""")]
    [InlineData("""{"usage""")]
    [InlineData("""{"usage":[{"prompt_tokens":1}]}""")]
    public void Where_there_is_none_none_is_found(string json) => Assert.Null(TokenUsage.FindLast(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Documents_cut_or_garbled_anywhere_never_make_it_fail()
    {
        var json = Encoding.UTF8.GetBytes("""{"choices":[{"message":{"content":"\"usage\""}}],"usage":{"prompt_tokens":12,"completion_tokens":34,"d":{"a":[1,2]}},"timings":{"usage":1}}""");
        for (var from = 0; from < json.Length; from++)
        {
            for (var to = from; to <= json.Length; to++) TokenUsage.FindLast(json.AsSpan(from, to - from));
        }
        for (var seed = 0; seed < 50_000; seed++)
        {
            var random = new Random(seed);
            var garbled = json.ToArray();
            for (var times = random.Next(1, 6); times > 0; times--) garbled[random.Next(garbled.Length)] = (byte)random.Next(256);
            try
            {
                TokenUsage.FindLast(garbled);
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}: {error}");
            }
        }
    }
}
