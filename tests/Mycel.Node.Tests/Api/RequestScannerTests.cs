using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Execution;

namespace Mycel.Node.Tests.Api;

public class RequestScannerTests
{
    [Theory]
    [InlineData("", "invalid_json", null)]
    [InlineData("   ", "invalid_json", null)]
    [InlineData("\uFEFF{\"model\":\"m\",\"messages\":[]}", "invalid_json", null)]
    [InlineData("{", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[]", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[]}}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[]} x", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[]}{}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[],}", "invalid_json", null)]
    [InlineData("{/*c*/\"model\":\"m\",\"messages\":[]}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[]}//c", "invalid_json", null)]
    [InlineData("{'model':'m'}", "invalid_json", null)]
    [InlineData("{model:\"m\"}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\\x\",\"messages\":[]}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\n\",\"messages\":[]}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[01]}", "invalid_json", null)]
    [InlineData("{\"model\":\"m\",\"messages\":[],\"\\ud83d\":1}", "invalid_json", null)]
    [InlineData("[]", "invalid_json", null)]
    [InlineData("[{\"model\":\"m\"}]", "invalid_json", null)]
    [InlineData("\"text\"", "invalid_json", null)]
    [InlineData("null", "invalid_json", null)]
    [InlineData("{}", "missing_model", "model")]
    [InlineData("{\"messages\":[]}", "missing_model", "model")]
    [InlineData("{\"Model\":\"m\",\"messages\":[]}", "missing_model", "model")]
    [InlineData("{\"x\":{\"model\":\"m\"},\"messages\":[]}", "missing_model", "model")]
    [InlineData("{\"model\":\"\",\"messages\":[]}", "missing_model", "model")]
    [InlineData("{\"model\":null,\"messages\":[]}", "invalid_type", "model")]
    [InlineData("{\"model\":5,\"messages\":[]}", "invalid_type", "model")]
    [InlineData("{\"model\":[\"m\"],\"messages\":[]}", "invalid_type", "model")]
    [InlineData("{\"model\":{\"model\":\"m\"},\"messages\":[]}", "invalid_type", "model")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\",\"messages\":[]}", "invalid_json", "model")]
    [InlineData("{\"model\":\"a\",\"model\":\"a\",\"messages\":[]}", "invalid_json", "model")]
    [InlineData("{\"model\":\"a\",\"mod\\u0065l\":\"b\",\"messages\":[]}", "invalid_json", "model")]
    [InlineData("{\"\\u006dodel\":\"a\",\"model\":\"b\",\"messages\":[]}", "invalid_json", "model")]
    [InlineData("{\"model\":\"m\"}", "missing_required_parameter", "messages")]
    [InlineData("{\"model\":\"m\",\"messages\":null}", "invalid_type", "messages")]
    [InlineData("{\"model\":\"m\",\"messages\":\"hi\"}", "invalid_type", "messages")]
    [InlineData("{\"model\":\"m\",\"messages\":{}}", "invalid_type", "messages")]
    [InlineData("{\"model\":\"m\",\"stream\":\"true\",\"messages\":[]}", "invalid_type", "stream")]
    [InlineData("{\"model\":\"m\",\"stream\":1,\"messages\":[]}", "invalid_type", "stream")]
    [InlineData("{\"model\":\"m\",\"str\\u0065am\":1,\"messages\":[]}", "invalid_type", "stream")]
    [InlineData("{\"model\":\"m\",\"stream_options\":[],\"messages\":[]}", "invalid_type", "stream_options")]
    [InlineData("{\"model\":\"m\",\"stream_options\":true,\"messages\":[]}", "invalid_type", "stream_options")]
    [InlineData("{\"model\":\"m\",\"stream_options\":{\"include_usage\":1},\"messages\":[]}", "invalid_type", "stream_options.include_usage")]
    [InlineData("{\"model\":\"m\",\"stream_options\":{\"include_usage\":{}},\"messages\":[]}", "invalid_type", "stream_options.include_usage")]
    public void What_is_wrong_is_named(string body, string code, string? param) => AssertFault(InferenceKind.Chat, Encoding.UTF8.GetBytes(body), code, param);

    [Theory]
    [InlineData("""{"model":"m","messages":[]}""", null, 1)]
    [InlineData("""{"model":"m","messages":[],"max_tokens":7}""", 7L, 1)]
    [InlineData("""{"model":"m","messages":[],"max_tokens":7,"max_completion_tokens":9,"n":3}""", 9L, 3)]
    [InlineData("""{"n":2,"max_tokens":900,"max_tok\u0065ns":9,"model":"m","messages":[{"n":9,"max_tokens":99999}]}""", 900L, 2)]
    [InlineData("""{"model":"m","messages":[],"max_tokens":"7","n":-3}""", null, 2147483647)]
    [InlineData("""{"model":"m","messages":[],"max_tokens":99999999999999,"n":1.5}""", 2147483647L, 2147483647)]
    [InlineData("""{"model":"m","prompt":["a",["b"],"c"],"n":2,"max_tokens":5}""", 5L, 6)]
    [InlineData("""{"model":"m","prompt":[1,2,3]}""", null, 1)]
    [InlineData("""{"model":"m","prompt":[[1,2],[3]]}""", null, 2)]
    public void What_an_answer_may_come_to_is_read_off_the_request(string body, long? maxTokens, long choices)
    {
        var kind = body.Contains("prompt", StringComparison.Ordinal) ? InferenceKind.Completion : InferenceKind.Chat;
        var document = RequestScanner.Scan(kind, Encoding.UTF8.GetBytes(body), out _);

        Assert.NotNull(document);
        Assert.Equal((maxTokens, choices), (document.MaxTokens, document.Choices));
    }

    [Theory]
    [InlineData(InferenceKind.Completion, "{\"model\":\"m\"}", "missing_required_parameter", "prompt")]
    [InlineData(InferenceKind.Completion, "{\"model\":\"m\",\"messages\":[]}", "missing_required_parameter", "prompt")]
    [InlineData(InferenceKind.Completion, "{\"model\":\"m\",\"prompt\":5}", "invalid_type", "prompt")]
    [InlineData(InferenceKind.Embedding, "{\"model\":\"m\"}", "missing_required_parameter", "input")]
    [InlineData(InferenceKind.Embedding, "{\"model\":\"m\",\"input\":null}", "missing_required_parameter", "input")]
    [InlineData(InferenceKind.Embedding, "{\"model\":\"m\",\"input\":{}}", "invalid_type", "input")]
    internal void Each_kind_wants_its_own_input(InferenceKind kind, string body, string code, string param) => AssertFault(kind, Encoding.UTF8.GetBytes(body), code, param);

    [Theory]
    [InlineData(InferenceKind.Completion, "{\"model\":\"m\",\"prompt\":\"x\"}")]
    [InlineData(InferenceKind.Completion, "{\"model\":\"m\",\"prompt\":[\"x\"]}")]
    [InlineData(InferenceKind.Completion, "{\"model\":\"m\",\"prompt\":null}")]
    [InlineData(InferenceKind.Embedding, "{\"model\":\"m\",\"input\":\"x\"}")]
    [InlineData(InferenceKind.Embedding, "{\"model\":\"m\",\"input\":[[1,2]]}")]
    [InlineData(InferenceKind.Chat, "{\"model\":\"m\",\"m\\u0065ssages\":[]}")]
    [InlineData(InferenceKind.Chat, " \r\n\t{ \"model\" : \"m\" , \"messages\" : [ ] }\n ")]
    [InlineData(InferenceKind.Chat, "{\"model\":\"m\",\"stream\":null,\"messages\":[{\"model\":5,\"stream\":7}]}")]
    internal void What_is_right_is_taken(InferenceKind kind, string body)
    {
        Assert.NotNull(RequestScanner.Scan(kind, Encoding.UTF8.GetBytes(body), out var fault));
        Assert.Null(fault);
    }

    [Theory]
    [InlineData("m")]
    [InlineData("org/Model-7B:Q4_K_M")]
    [InlineData("mo\\u0064el")]
    [InlineData("\\\"quoted\\\" \\\\ name")]
    [InlineData("模型")]
    [InlineData("🌍")]
    public void The_models_place_holds_its_name_with_quotes(string name)
    {
        var body = $$"""{"x":"model","model":"{{name}}","messages":[]}""";
        var document = RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes(body), out _)!;
        Assert.Equal($"\"{name}\"", Encoding.UTF8.GetString(document.Body.Span[document.Model]));
    }

    [Fact]
    public void A_models_name_is_bounded()
    {
        var longest = new string('m', RequestScanner.MaxModelBytes);
        Assert.NotNull(RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"model":"{{longest}}","messages":[]}"""), out _));
        AssertFault(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"model":"{{longest}}m","messages":[]}"""), "invalid_value", "model");
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        Assert.NotNull(RequestScanner.Scan(InferenceKind.Chat, Nested(RequestScanner.MaxDepth - 1), out _));
        AssertFault(InferenceKind.Chat, Nested(RequestScanner.MaxDepth), "invalid_json", null);
        AssertFault(InferenceKind.Chat, Nested(1_000_000), "invalid_json", null);

        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes($$"""{"model":"m","messages":{{new string('[', depth)}}{{new string(']', depth)}}}""");
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("null", false)]
    public void A_stream_is_one_where_it_says_so(string value, bool isStream) =>
        Assert.Equal(isStream, RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"stream":{{value}},"model":"m","messages":[]}"""), out _)!.IsStream);

    [Theory]
    [InlineData("""{"include_usage":true}""", true)]
    [InlineData("""{"x":1,"include_usage":true}""", true)]
    [InlineData("""{"include_usage":false,"include_usage":true}""", true)]
    [InlineData("""{"include_usage":true},"stream_options":{}""", false)]
    [InlineData("""{"include_usage":true},"stream_options":null""", false)]
    [InlineData("""{"include_usage":false}""", false)]
    [InlineData("""{"x":{"include_usage":true}}""", false)]
    public void Usage_is_asked_for_by_the_option_that_counts(string options, bool asks) =>
        Assert.Equal(asks, RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"stream":true,"stream_options":{{options}},"model":"m","messages":[]}"""), out _)!.AsksUsage);

    [Theory]
    [InlineData("\"max_tokens\":7", 7, 1)]
    [InlineData("\"max_tokens\":7,\"max_completion_tokens\":9", 9, 1)]
    [InlineData("\"max_tokens\":7,\"max_tokens\":3", 7, 1)]
    [InlineData("\"max_tokens\":7,\"n\":2,\"best_of\":5", 7, 5)]
    [InlineData("\"max_tokens\":7,\"n\":3,\"best_of\":null", 7, 3)]
    [InlineData("\"max_tokens\":7,\"n_cmpl\":4", 7, 4)]
    [InlineData("\"max_tokens\":7,\"x\":{\"n_predict\":1,\"n\":9}", 7, 1)]
    [InlineData("\"n\":1", null, 1)]
    public void What_bounds_the_cost_is_read(string fields, int? maxTokens, int choices)
    {
        var document = RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"model":"m",{{fields}},"messages":[]}"""), out _)!;
        Assert.Equal((maxTokens, choices), (document.MaxTokens, document.Choices));
    }

    [Theory]
    [InlineData("\"n_predict\":100000")]
    [InlineData("\"num_predict\":100000")]
    [InlineData("\"options\":{\"num_predict\":100000}")]
    [InlineData("\"max_completion_tokens\":5000.0")]
    [InlineData("\"max_completion_tokens\":5e3")]
    [InlineData("\"max_completion_tokens\":\"5000\"")]
    [InlineData("\"max_completion_tokens\":-1")]
    [InlineData("\"max_completion_tokens\":0")]
    [InlineData("\"max_completion_tokens\":null")]
    [InlineData("\"max_tokens\":null")]
    [InlineData("\"Options\":{}")]
    [InlineData("\"MAX_TOKENS\":-1")]
    [InlineData("\"n_\\u0070redict\":100000")]
    [InlineData("\"\\u006d\\u0061\\u0078\\u005f\\u0063\\u006f\\u006d\\u0070\\u006c\\u0065\\u0074\\u0069\\u006f\\u006e\\u005f\\u0074\\u006f\\u006b\\u0065\\u006e\\u0073\":-1")]
    public void What_one_device_or_another_may_take_for_more_tokens_bounds_nothing(string field)
    {
        foreach (var fields in new[] { $"\"max_tokens\":1,{field}", $"{field},\"max_tokens\":1" })
            Assert.Null(RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"model":"m",{{fields}},"messages":[]}"""), out _)!.MaxTokens);
    }

    [Theory]
    [InlineData("2.0")]
    [InlineData("\"2\"")]
    [InlineData("-1")]
    public void A_number_of_answers_that_is_no_whole_number_may_be_any(string n)
    {
        foreach (var name in new[] { "n", "best_of", "N" })
            Assert.Equal(RequestDocument.MaxCount, RequestScanner.Scan(InferenceKind.Completion, Encoding.UTF8.GetBytes($$"""{"model":"m","{{name}}":{{n}},"prompt":""}"""), out _)!.Choices);
    }

    private static void AssertFault(InferenceKind kind, byte[] body, string code, string? param)
    {
        Assert.Null(RequestScanner.Scan(kind, body, out var fault));
        Assert.Equal((code, param), (fault!.Code, fault.Param));
        Assert.EndsWith(".", fault.Message, StringComparison.Ordinal);
    }
}
