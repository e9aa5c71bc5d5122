using System.Text;
using System.Text.Json;
using Mycel.Node.Backends;
using Mycel.Node.Execution;
using Mycel.Node.Observability;
using Mycel.Node.Tests.Routing;

namespace Mycel.Node.Tests.Api;

public class RequestSplicingTests
{
    private const string UsageOn = "\"include_usage\":true";

    /// <summary>What the caller wrote for stream_options, and what a backend is to read when usage is added.</summary>
    private static readonly (string? Given, string? Sent)[] Options =
    [
        (null, null),
        ("null", $"{{{UsageOn}}}"),
        ("{}", $"{{{UsageOn}}}"),
        ("{ }", $"{{{UsageOn} }}"),
        ("{\"x\":1}", $"{{{UsageOn},\"x\":1}}"),
        ("{ \"x\" : {\"include_usage\":false} }", $"{{{UsageOn}, \"x\" : {{\"include_usage\":false}} }}"),
        ("{\"include_usage\":false}", $"{{{UsageOn}}}"),
        ("{\"include_usage\":null}", $"{{{UsageOn}}}"),
        ("{\"x\":[1],\"include_usage\" : false,\"y\":2}", "{\"x\":[1],\"include_usage\" : true,\"y\":2}"),
        ("{\"includ\\u0065_usage\":false}", "{\"includ\\u0065_usage\":true}"),
        ("{\"include_usage\":true}", "{\"include_usage\":true}"),
        ("{\"x\":1,\"include_usage\":true}", "{\"x\":1,\"include_usage\":true}"),
    ];

    private static readonly string[] Names = ["m", "org/Model-7B:Q4", "mo\\u0064el", "\\\"q\\\" \\\\", "模型🌍", "a-name-much-longer-than-the-one-that-replaces-it"];

    private static readonly string[] BackendNames = ["m", "their \"own\" \\ name", "模型🌍", "x"];

    private static readonly (string Space, string End)[] Spaces = [("", ""), (" ", "\n"), ("\r\n\t ", " \r\n")];

    private sealed record Case(InferenceKind Kind, string? Given, string? Sent, bool IsModelFirst, string? Stream, string Name, string BackendName, bool AddUsage, string Space, string End);

    [Fact]
    public void Bodies_change_where_they_must_and_nowhere_else()
    {
        var cases =
            from kind in Enum.GetValues<InferenceKind>()
            from options in Options
            from isModelFirst in new[] { true, false }
            from stream in new[] { "true", "false", null }
            from name in Names
            from backendName in BackendNames
            from addUsage in new[] { true, false }
            from spaces in Spaces
            select new Case(kind, options.Given, options.Sent, isModelFirst, stream, name, backendName, addUsage, spaces.Space, spaces.End);
        var seen = 0;
        foreach (var each in cases)
        {
            AssertChanges(each);
            seen++;
        }
        Assert.True(seen > 5000);
    }

    private static void AssertChanges(Case each)
    {
        var adds = each is { AddUsage: true, Stream: "true", Kind: not InferenceKind.Embedding } && each.Given?.Contains("_usage\":true", StringComparison.Ordinal) != true;
        var body = Body(each, $"\"{each.Name}\"", each.Given, insertsOptions: false);
        var modelJson = new Offer(new FakeBackend("b", 1, TimeProvider.System), each.BackendName, new RouteMetrics("b", "m")).ModelIdJson;
        var expected = Body(each, Encoding.UTF8.GetString(modelJson), adds ? each.Sent : each.Given, insertsOptions: adds && each.Given is null);
        var document = RequestScanner.Scan(each.Kind, Encoding.UTF8.GetBytes(body), out var fault);
        Assert.True(document is not null, $"{body}: {fault?.Message}");
        var outbound = document.For(modelJson, each.AddUsage);
        Assert.True(expected == Text(outbound), $"{body}\nbecame {Text(outbound)}\ninstead of {expected}");
        AssertPiecesAreTheWhole(outbound);
    }

    [Fact]
    public void A_model_of_the_same_name_is_not_copied()
    {
        var body = Encoding.UTF8.GetBytes("""{"model":"m","messages":[]}""");
        var outbound = RequestScanner.Scan(InferenceKind.Chat, body, out _)!.For("\"m\""u8.ToArray(), addUsage: true);
        Assert.Equal(body.Length, outbound.Length);
        Assert.Equal(1, Enumerable.Range(0, OutboundBody.PieceCount).Count(i => !outbound.Piece(i).IsEmpty));
    }

    [Fact]
    public void Mutated_bodies_are_refused_or_become_json_with_the_backends_model()
    {
        string[] seeds =
        [
            """{"model":"m","messages":[{"role":"user","content":"\"model\":\"x\""}],"stream":true,"stream_options":{"include_usage":false,"x":[1,2]}}""",
            """{"stream":true,"stream_options":null,"messages":[],"model":"org\/m\u0041"}""",
            """ { "messages" : [ ] , "stream" : true , "model" : "é" } """,
            """{"model":"m","messages":[[[[{"a":{"b":[]}}]]]],"temperature":1e-5,"stream":true,"stream_options":{}}""",
        ];
        string[] alphabet = ["\"", "{", "}", "[", "]", ",", ":", "\\", "\\u006d", "\"model\":", "\"model\":\"z\",", "\"stream\":true,", "\"stream_options\":{},", "\"stream_options\":null,", "null", "true", " ", "\n", "\uFEFF", "0", "é", "\0", "//"];
        var accepted = 0;
        for (var seed = 0; seed < 100_000; seed++)
        {
            var random = new Random(seed);
            var body = Mutate(Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]), random, alphabet);
            try
            {
                if (RequestScanner.Scan(InferenceKind.Chat, body, out var fault) is not { } document)
                {
                    Assert.NotNull(fault);
                    continue;
                }
                accepted++;
                var outbound = document.For("\"theirs\""u8.ToArray(), addUsage: true);
                var bytes = new byte[outbound.Length];
                outbound.CopyTo(bytes);
                AssertIsRight(bytes, document.IsStream);
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}: {Encoding.UTF8.GetString(body)}: {error}");
            }
        }
        Assert.True(accepted > 10_000, $"{accepted} of 100,000 were accepted, too few to show anything");
    }

    private static void AssertIsRight(byte[] json, bool isStream)
    {
        using var parsed = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        var models = parsed.RootElement.EnumerateObject().Where(p => p.NameEquals("model"u8)).ToList();
        Assert.True(Assert.Single(models).Value.ValueEquals("theirs"u8));
        if (!isStream) return;
        var options = parsed.RootElement.EnumerateObject().Last(p => p.NameEquals("stream_options"u8)).Value;
        Assert.Equal(JsonValueKind.True, options.EnumerateObject().Last(p => p.NameEquals("include_usage"u8)).Value.ValueKind);
    }

    private static byte[] Mutate(byte[] body, Random random, string[] alphabet)
    {
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(body.Length);
            switch (random.Next(4))
            {
                case 0:
                    body = [.. body[..at], .. body[(at + 1)..]];
                    break;
                case 1:
                    body[at] = (byte)random.Next(256);
                    break;
                case 2:
                    body = [.. body[..at], .. Encoding.UTF8.GetBytes(alphabet[random.Next(alphabet.Length)]), .. body[at..]];
                    break;
                default:
                    // A member put behind the first brace leaves the body valid more often than not.
                    var brace = Array.IndexOf(body, (byte)'{') + 1;
                    body = [.. body[..brace], .. Encoding.UTF8.GetBytes(alphabet[random.Next(9, 14)]), .. body[brace..]];
                    break;
            }
            if (body.Length == 0) return body;
        }
        return body;
    }

    private static string Body(Case each, string modelJson, string? options, bool insertsOptions)
    {
        var space = each.Space;
        var model = $"\"model\"{space}:{space}{modelJson}";
        var members = new List<string> { each.Kind switch { InferenceKind.Chat => "\"messages\":[{\"model\":\"no\"}]", InferenceKind.Completion => "\"prompt\":\"é\\n\"", _ => "\"input\":[1.0,2E5]" } };
        if (each.Stream is not null) members.Add($"\"stream\":{space}{each.Stream}");
        if (options is not null) members.Add($"\"stream_options\"{space}:{options}");
        if (each.IsModelFirst) members.Insert(0, model);
        else members.Add(model);
        members.Add("\"seed\":1.50e+2");
        var inserted = insertsOptions ? $"\"stream_options\":{{{UsageOn}}}," : "";
        return $"{each.End}{{{inserted}{space}{string.Join($"{space},{space}", members)}{space}}}{each.End}";
    }

    private static string Text(OutboundBody outbound)
    {
        var bytes = new byte[outbound.Length];
        outbound.CopyTo(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private static void AssertPiecesAreTheWhole(OutboundBody outbound) =>
        Assert.Equal(Text(outbound), Encoding.UTF8.GetString([.. Enumerable.Range(0, OutboundBody.PieceCount).SelectMany(i => outbound.Piece(i).ToArray())]));
}
