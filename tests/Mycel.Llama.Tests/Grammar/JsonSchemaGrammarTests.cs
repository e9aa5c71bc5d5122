using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Tests.Grammar;

public sealed class JsonSchemaGrammarTests
{
    /// <summary>The grammar, once llama.cpp has read it too.</summary>
    private static Gbnf Grammar(string schema)
    {
        using JsonDocument document = JsonDocument.Parse(schema);
        string rules = JsonSchemaGrammar.FromSchema(document.RootElement);
        Assert.True(LlamaGrammar.CanParse(rules), $"llama.cpp cannot read the grammar of {schema}");
        return Gbnf.Parse(rules);
    }

    private static GrammarException Refused(string schema) => Assert.Throws<GrammarException>(() => Grammar(schema));

    /// <summary>What <paramref name="accepted"/> and <paramref name="rejected"/> list, one a line; ⏎ is a new line within.</summary>
    private static void Check(string schema, string accepted, string rejected)
    {
        static IEnumerable<string> Lines(string texts) => texts.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Replace('⏎', '\n'));
        using JsonDocument document = JsonDocument.Parse(schema);
        string rules = JsonSchemaGrammar.FromSchema(document.RootElement);
        Gbnf grammar = Gbnf.Parse(rules);
        foreach (string text in Lines(accepted))
        {
            Assert.True(grammar.Accepts(text), $"{schema} must accept {text}");
            Assert.True(LlamaGrammar.Accepts(rules, text), $"{schema} must accept {text} in llama.cpp");
        }
        foreach (string text in Lines(rejected))
        {
            Assert.False(grammar.Accepts(text), $"{schema} must reject {text}");
            Assert.False(LlamaGrammar.Accepts(rules, text), $"{schema} must reject {text} in llama.cpp");
        }
    }

    [Fact]
    public void Any_object()
    {
        string rules = JsonSchemaGrammar.AnyJsonObject;
        Gbnf grammar = Gbnf.Parse(rules);
        foreach (string text in new[] { "{}", "{ }", """{"a":1}""", """{"a": [1, {"b": null}], "c": "ü\n\u00e9\ud83d\ude00", "d": -1.5e3, "e": true}""", "{\n  \"a\": {\n    \"b\": []\n  }\n}" })
            Assert.True(grammar.Accepts(text) && LlamaGrammar.Accepts(rules, text), text);
        foreach (string text in new[] { "", "[]", "1", "\"a\"", "{", """{"a"}""", """{"a":}""", """{"a":1,}""", "{'a':1}", "{   }", "{\"a\":\n\n1}", "{\"a\":\"\n\"}", """{"a":"\x"}""", """{"a":"\ud800"}""", """{"a":"\ude00\ud83d"}""", """{"a":01}""", """{"a":.5}""", """{"a":1.}""", """{"a":1e999}""", "{} ", """{"a":NaN}""", "{\"a\":1}{" })
            Assert.False(grammar.Accepts(text) || LlamaGrammar.Accepts(rules, text), text);
    }

    [Theory]
    [InlineData("""{"type":"string"}""", "\"\"\n\"a b\"\n\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u1aBf\"", "1\n\"a\n\"\"\"\n\"\\a\"\n\"\\u12\"\n\"\t\"")]
    [InlineData("""{"type":"boolean"}""", "true\nfalse", "True\n1\nnull\ntruefalse")]
    [InlineData("""{"type":"null"}""", "null", "nul\nnulll")]
    [InlineData("""{"type":"integer"}""", "0\n7\n-12\n9007199254740993", "-0\n007\n1.0\n1e3\n+1\n-\n12345678901234567")]
    [InlineData("""{"type":"number"}""", "0\n-0.5\n1e5\n1.25E-7\n-12", "01\n.5\n1.\n1e\n1e123\n--1\n1,5")]
    [InlineData("""{"type":["string","null"]}""", "\"a\"\nnull", "1\ntrue")]
    [InlineData("""{"type":["integer","number"]}""", "1\n1.5", "\"1\"")]
    [InlineData("""{"type":"string","nullable":true}""", "\"a\"\nnull", "1")]
    [InlineData("""true""", "1\n{}\n[1,\"a\"]\nnull", "{]")]
    [InlineData("""{}""", "1\n{}\n[1,\"a\"]\nnull", "{]")]
    [InlineData("""{"title":"T","description":"d","default":1,"examples":[2],"$schema":"http://json-schema.org/draft-07/schema#","x-y":{}}""", "1\n\"a\"", "a")]
    public void Types(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData("""{"enum":["red","green","re","blue\n\"x\"","日本"]}""", "\"red\"\n\"re\"\n\"green\"\n\"日本\"\n\"blue\\n\\\"x\\\"\"", "\"r\"\n\"redd\"\n\"日\"\nred")]
    [InlineData("""{"enum":[1,2.50,null,true,{"a":[1, 2]}]}""", "1\n2.50\nnull\ntrue\n{\"a\":[1,2]}", "2\n2.5\nfalse\n{}")]
    [InlineData("""{"type":["string","null"],"enum":["a",1,null]}""", "\"a\"\nnull", "1")]
    [InlineData("""{"type":"integer","enum":[1,2,30,1.5],"maximum":10}""", "1\n2", "30\n1.5")]
    [InlineData("""{"const":"x"}""", "\"x\"", "\"y\"\nx")]
    [InlineData("""{"allOf":[{"enum":["a","b","c"]},{"enum":["c","b","d"]}]}""", "\"b\"\n\"c\"", "\"a\"\n\"d\"")]
    [InlineData("""{"enum":["ab","x1","y2"],"pattern":"^[a-z]\\d$","anyOf":[{"maxLength":2}]}""", "\"x1\"\n\"y2\"", "\"ab\"")]
    [InlineData("""{"enum":[{"a":1},{"a":"x"},{"b":1},[1],[1,2]],"properties":{"a":{"type":"integer"}},"required":["a"],"maxItems":1}""", "{\"a\":1}\n[1]", "{\"a\":\"x\"}\n{\"b\":1}\n[1,2]")]
    [InlineData("""{"enum":["😀","😁","😀a"]}""", "\"😀\"\n\"😁\"\n\"😀a\"", "\"\"\n\"a\"\n\"😁a\"")]
    public void Enumerations(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a","b"],"additionalProperties":false}""",
        "{\"a\":1,\"b\":\"x\"}\n{ \"a\": 1, \"b\": \"x\" }\n{⏎  \"a\": 1,⏎  \"b\": \"x\"⏎}", "{}\n{\"a\":1}\n{\"b\":\"x\",\"a\":1}\n{\"a\":1,\"b\":\"x\",\"c\":1}\n{\"a\":1.5,\"b\":\"x\"}\n{\"a\":1 \"b\":\"x\"}")]
    [InlineData("""{"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}}}""",
        "{}\n{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n{\"a\":1,\"b\":2}\n{\"a\":1,\"c\":3}\n{\"b\":2,\"c\":3}\n{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":2,\"a\":1}\n{,\"a\":1}\n{\"a\":1,}\n{\"d\":4}\n{\"a\":1,\"a\":1}")]
    [InlineData("""{"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}""",
        "{\"b\":2}\n{\"a\":1,\"b\":2}\n{\"b\":2,\"c\":3}\n{\"a\":1,\"b\":2,\"c\":3}", "{}\n{\"a\":1}\n{\"c\":3}\n{\"a\":1,\"c\":3}")]
    [InlineData("""{"properties":{"a":{"const":1},"ab":{"const":2}},"additionalProperties":{"type":"boolean"}}""",
        "{}\n{\"a\":1}\n{\"a\":1,\"x\":true}\n{\"x\":true}\n{\"x\":true,\"yy\":false}\n{\"abc\":true}\n{\"b\":true}\n{\"ab\":2,\"aa\":true}", "{\"a\":true}\n{\"ab\":true}\n{\"x\":1}\n{\"x\":true,\"a\":1}\n{\"\\u0061\":true}\n{\"\":true}")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2}""", "{\"a\":1}\n{\"a\":1,\"b\":2}", "{}\n{\"a\":\"x\"}\n{\"a\":1,\"b\":2,\"c\":3}")]
    [InlineData("""{"type":"object"}""", "{}\n{\"a\":[1]}", "[]\n1")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{}\n{ }", "{\"a\":1}")]
    [InlineData("""{"type":"object","required":["x"]}""", "{\"x\":1}\n{\"x\":{}}", "{}\n{\"y\":1}")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1}},"required":["a","x"],"additionalProperties":{"type":"string"}}""", "{\"a\":1,\"x\":\"s\"}\n{\"a\":1,\"x\":\"s\",\"z\":\"t\"}", "{\"a\":1}\n{\"a\":1,\"x\":1}")]
    [InlineData("""{"patternProperties":{"^n_[a-z]+$":{"type":"integer"}},"additionalProperties":false}""", "{}\n{\"n_a\":1,\"n_bc\":2}", "{\"x\":1}\n{\"n_\":1}\n{\"n_a\":\"x\"}")]
    [InlineData("""{"type":"object","propertyNames":{"enum":["a","b"]},"additionalProperties":{"type":"integer"}}""", "{}\n{\"a\":1}\n{\"b\":1,\"a\":2}", "{\"c\":1}")]
    [InlineData("""{"type":"object","properties":{"a\"b":{"const":1},"ü/~":{"const":2}}}""", "{\"a\\\"b\":1}\n{\"ü/~\":2}", "{\"a\"b\":1}")]
    [InlineData("""{"properties":{"a\"b":{"const":1}},"additionalProperties":true}""", "{}\n{\"a\\\"b\":1}\n{\"a\":2}\n{\"ab\":2}", "{\"a\"b\":1}\n{\"a\\\"b\":2}\n{\"\":1}")]
    [InlineData("""{"properties":{"a":false,"b":{"const":1}}}""", "{}\n{\"b\":1}", "{\"a\":1}")]
    public void Objects(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[]\n[ ]\n[1]\n[1,2, 3]\n[⏎  1,⏎  2⏎]", "[1,]\n[,1]\n[\"a\"]\n1\n[1 2]")]
    [InlineData("""{"items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1,2]\n[1,2,3]", "[]\n[1]\n[1,2,3,4]")]
    [InlineData("""{"items":{"const":1},"maxItems":1,"uniqueItems":true}""", "[]\n[1]", "[1,1]")]
    [InlineData("""{"items":{"const":1},"maxItems":0}""", "[]", "[1]")]
    [InlineData("""{"items":{"const":1},"minItems":1}""", "[1]\n[1,1,1]", "[]")]
    [InlineData("""{"prefixItems":[{"const":1},{"const":2}]}""", "[]\n[1]\n[1,2]", "[2]\n[1,2,3]\n[1,1]")]
    [InlineData("""{"prefixItems":[{"const":1},{"const":2}],"items":{"const":3},"minItems":2,"maxItems":4}""", "[1,2]\n[1,2,3]\n[1,2,3,3]", "[1]\n[1,3]\n[1,2,3,3,3]")]
    [InlineData("""{"items":[{"const":1},{"const":2}],"additionalItems":false,"minItems":2}""", "[1,2]", "[1]\n[1,2,3]")]
    [InlineData("""{"prefixItems":[{"const":1}],"items":false}""", "[]\n[1]", "[1,1]")]
    [InlineData("""{"type":"array"}""", "[]\n[1,\"a\",[{}]]", "{}")]
    [InlineData("""{"type":"array","items":false}""", "[]", "[1]")]
    public void Arrays(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData(0, 40)]
    [InlineData(33, 33)]
    [InlineData(5, 100)]
    [InlineData(100, 100)]
    [InlineData(37, 250)]
    [InlineData(50, null)]
    public void Long_counts_are_exact(int min, int? max)
    {
        Gbnf strings = Grammar($$"""{"type":"string","minLength":{{min}}{{(max is null ? "" : $",\"maxLength\":{max}")}}}""");
        Gbnf arrays = Grammar($$"""{"type":"array","items":{"const":1},"minItems":{{min}}{{(max is null ? "" : $",\"maxItems\":{max}")}}}""");
        for (int length = 0; length <= (max ?? min) + 3; length++)
        {
            bool isAllowed = length >= min && (max is null || length <= max);
            Assert.Equal(isAllowed, strings.Accepts($"\"{new string('x', length)}\""));
            Assert.Equal(isAllowed, arrays.Accepts($"[{string.Join(',', Enumerable.Repeat(1, length))}]"));
        }
    }

    [Theory]
    [InlineData("""{"minLength":2,"maxLength":3}""", "\"ab\"\n\"abc\"\n\"\\n\\u00e9\"\n\"😀ü\"\n\"\\ud83d\\ude00x\"", "\"\"\n\"a\"\n\"abcd\"\n\"\\ud83d\\ude00\"")]
    [InlineData("""{"pattern":"^[a-c]{2,3}-\\d+$"}""", "\"ab-1\"\n\"abc-123\"", "\"a-1\"\n\"abcd-1\"\n\"ab-\"\n\"xab-1\"")]
    [InlineData("""{"pattern":"^(foo|ba[rz])?$"}""", "\"\"\n\"foo\"\n\"bar\"\n\"baz\"", "\"ba\"\n\"foobar\"")]
    [InlineData("""{"pattern":"^a"}""", "\"a\"\n\"abc\"\n\"a\\n\"", "\"\"\n\"ba\"")]
    [InlineData("""{"pattern":"b$"}""", "\"b\"\n\"ab\"", "\"\"\n\"ba\"")]
    [InlineData("""{"pattern":"x"}""", "\"x\"\n\"axb\"\n\"axx\"", "\"\"\n\"ab\"")]
    [InlineData("""{"pattern":"^a|b$"}""", "\"a\"\n\"ax\"\n\"xb\"", "\"xa\"\n\"bx\"")]
    [InlineData("""{"pattern":"^[^a]$"}""", "\"b\"\n\"\\n\"\n\"\\\"\"\n\"ü\"", "\"a\"\n\"\"\n\"bb\"\n\"\"\"")]
    [InlineData("""{"pattern":"^.$"}""", "\"b\"\n\"\\t\"\n\"\\\\\"\n\"日\"", "\"\\n\"\n\"\"\n\"ab\"")]
    [InlineData("""{"pattern":"^\\w+@\\w+\\.com$"}""", "\"a_1@b.com\"", "\"@b.com\"\n\"a@bxcom\"")]
    [InlineData("""{"pattern":"^\\u0041\\x42[\\u{1F600}\\-\\]]$"}""", "\"AB😀\"\n\"AB-\"\n\"AB]\"", "\"AB\"\n\"ABx\"")]
    [InlineData("""{"pattern":"^(?:a+)*(?<n>b)$"}""", "\"b\"\n\"aaab\"", "\"a\"")]
    [InlineData("""{"pattern":"^(x*)*$"}""", "\"\"\n\"xxx\"", "\"y\"")]
    [InlineData("""{"pattern":"^\\s$"}""", "\" \"\n\"\\t\"\n\"\\n\"", "\"a\"\n\"  \"")]
    [InlineData("""{"pattern":"^a{}{x}$"}""", "\"a{}{x}\"", "\"a\"")]
    [InlineData("""{"pattern":"^[a-z]{2,8}$","minLength":1,"maxLength":8}""", "\"ab\"", "\"a\"")]
    [InlineData("""{"pattern":"^$"}""", "\"\"", "\"a\"")]
    [InlineData("""{"pattern":"^\"\\\\[/]$"}""", "\"\\\"\\\\/\"", "\"x\"")]
    public void Strings(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData("date", "2024-02-29\n2023-12-31\n2000-02-29\n1999-04-30", "2023-02-29\n2023-04-31\n1900-02-29\n2023-13-01\n2023-00-10\n2023-1-1\n0000-01-01")]
    [InlineData("time", "23:59:59Z\n00:00:00.123+05:30", "24:00:00Z\n12:60:00Z\n12:00:00\n12:00Z")]
    [InlineData("date-time", "2024-02-29T12:00:00Z\n2024-01-01T00:00:00.5-08:00", "2024-01-01\n2024-01-01 00:00:00Z")]
    [InlineData("duration", "P1D\nPT1H30M\nP1Y2M3DT4H\nP2W", "P\n1D\nPT\nP1H")]
    [InlineData("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000\n123e4567-e89b-12d3-a456-42661417400g")]
    [InlineData("ipv4", "0.0.0.0\n255.249.199.99", "256.0.0.0\n1.2.3\n01.2.3.4")]
    [InlineData("ipv6", "1:2:3:4:5:6:7:8\n::1\nfe80::1\n::", "1:2\n1:2:3:4:5:6:7:8:9\n:::")]
    [InlineData("email", "a.b+c@example.co.uk", "a\na@b\n@b.com\na@b..com")]
    [InlineData("hostname", "example.com\na-b", "-a\na..b")]
    [InlineData("uri", "https://example.com/a?b=c#d\nmailto:a@b", "example\nhttp//x\nhttp://a b")]
    [InlineData("color", "anything\nat all", "")]
    public void Formats(string format, string accepted, string rejected) => Check($$"""{"type":"string","format":"{{format}}"}""",
        string.Join('\n', accepted.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => $"\"{t}\"")), string.Join('\n', rejected.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => $"\"{t}\"")));

    [Theory]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"null"}]}""", "\"a\"\nnull", "1")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"properties":{"a":{"const":1}}}]}""", "1\n{}\n{\"a\":1}", "null")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1},"b":{"const":2}},"anyOf":[{"required":["a"]},{"required":["b"]}]}""", "{\"a\":1}\n{\"b\":2}\n{\"a\":1,\"b\":2}", "{}")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"const":2}},"required":["b"]}]}""", "{\"a\":1,\"b\":2}", "{\"a\":1}\n{\"b\":2}")]
    [InlineData("""{"allOf":[{"type":"number","minimum":1},{"type":"integer","maximum":3}]}""", "1\n2\n3", "0\n4\n1.5")]
    [InlineData("""{"allOf":[{"properties":{"a":{"minLength":1,"type":"string"}}},{"properties":{"a":{"maxLength":2}}}],"required":["a"]}""", "{\"a\":\"x\"}\n{\"a\":\"xy\"}", "{\"a\":\"\"}\n{\"a\":\"xyz\"}\n{}")]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"integer"}],"oneOf":[{"const":1},{"const":"a"},{"const":null}]}""", "1\n\"a\"", "null\n2")]
    [InlineData("""{"type":"string","anyOf":[{"type":"integer"},{"const":"a"}]}""", "\"a\"", "1\n\"b\"")]
    [InlineData("""{"anyOf":[{"type":"array","items":{"anyOf":[{"type":"integer"},{"type":"boolean"}]}},{"anyOf":[{"const":"x"},{"const":"y"}]}]}""", "[1,true]\n\"x\"\n\"y\"\n[]", "[\"x\"]\n\"z\"")]
    [InlineData("""{"allOf":[{"properties":{"a":{"const":1}},"additionalProperties":false},{"properties":{"b":{"const":1}}}]}""", "{}\n{\"a\":1}", "{\"b\":1}")]
    public void Combinations(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData("""{"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}}""", "1", "\"a\"")]
    [InlineData("""{"definitions":{"a/b~c d":{"const":1}},"items":{"$ref":"#/definitions/a~1b~0c%20d"}}""", "[1]", "[2]")]
    [InlineData("""{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["value","next"]}""",
        "{\"value\":1,\"next\":null}\n{\"value\":1,\"next\":{\"value\":2,\"next\":null}}", "{\"value\":1}\n{\"value\":1,\"next\":{}}")]
    [InlineData("""{"$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"$ref":"#/$defs/tree"}""", "[]\n[[],[[]]]", "[1]\n[")]
    [InlineData("""{"$defs":{"n":{"type":"integer","minimum":1}},"$ref":"#/$defs/n","maximum":5,"description":"d"}""", "1\n5", "0\n6")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"string"}]}},"$ref":"#/$defs/a"}""", "\"x\"", "1")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},{"const":1}]},"b":{"anyOf":[{"$ref":"#/$defs/a"},{"const":2}]}},"$ref":"#/$defs/a"}""", "1\n2", "3")]
    [InlineData("""{"$defs":{"a":{"properties":{"c":{"$ref":"#/$defs/a"},"v":{"type":"integer"}}},"b":{"properties":{"c":{"$ref":"#/$defs/b"},"v":{"minimum":1}}}},"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]}""",
        "{}\n{\"c\":{\"c\":{\"v\":1}},\"v\":2}", "{\"c\":{\"v\":0}}\n{\"v\":\"x\"}")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{"$ref":"#/properties/a"}}}""", "{\"a\":1,\"b\":2}", "{\"b\":\"x\"}")]
    public void References(string schema, string accepted, string rejected) => Check(schema, accepted, rejected);

    [Theory]
    [InlineData("""{"not":{"type":"string"}}""", "#/not")]
    [InlineData("""{"properties":{"a":{"if":{},"then":{}}}}""", "#/properties/a/if")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "#/uniqueItems")]
    [InlineData("""{"type":"array","contains":{"const":1}}""", "#/contains")]
    [InlineData("""{"dependentRequired":{"a":["b"]}}""", "#/dependentRequired")]
    [InlineData("""{"$ref":"http://example.com/s.json"}""", "#/$ref")]
    [InlineData("""{"$ref":"#name"}""", "#/$ref")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "#/$ref")]
    [InlineData("""{"items":{"$ref":5}}""", "#/items/$ref")]
    [InlineData("""{"type":"strin"}""", "#/type")]
    [InlineData("""{"type":5}""", "#/type")]
    [InlineData("""{"items":5}""", "#/items")]
    [InlineData("""5""", "#")]
    [InlineData("""{"anyOf":[]}""", "#/anyOf")]
    [InlineData("""{"enum":[]}""", "#/enum")]
    [InlineData("""{"properties":[]}""", "#/properties")]
    [InlineData("""{"required":"a"}""", "#/required")]
    [InlineData("""{"minLength":-1}""", "#/minLength")]
    [InlineData("""{"minItems":"x"}""", "#/minItems")]
    [InlineData("""{"type":"number","multipleOf":3}""", "#/multipleOf")]
    [InlineData("""{"pattern":"(?=a)b"}""", "#/pattern")]
    [InlineData("""{"pattern":"(a)\\1"}""", "#/pattern")]
    [InlineData("""{"pattern":"a(b"}""", "#/pattern")]
    [InlineData("""{"pattern":"a)b"}""", "#/pattern")]
    [InlineData("""{"pattern":"[a"}""", "#/pattern")]
    [InlineData("""{"pattern":"[b-a]"}""", "#/pattern")]
    [InlineData("""{"pattern":"*a"}""", "#/pattern")]
    [InlineData("""{"pattern":"a\\b"}""", "#/pattern")]
    [InlineData("""{"pattern":"(a|)*"}""", "#/pattern")]
    [InlineData("""{"pattern":"x(^a)"}""", "#/pattern")]
    [InlineData("""{"pattern":"a{99999}"}""", "#/pattern")]
    [InlineData("""{"pattern":"a\\"}""", "#/pattern")]
    [InlineData("""{"pattern":"\\p{L}"}""", "#/pattern")]
    [InlineData("""{"pattern":"^a+$","maxLength":5}""", "#/pattern")]
    [InlineData("""false""", "#")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", "#")]
    [InlineData("""{"type":"integer","exclusiveMinimum":5,"exclusiveMaximum":6}""", "#")]
    [InlineData("""{"minLength":3,"maxLength":2}""", "#")]
    [InlineData("""{"minItems":3,"maxItems":2}""", "#")]
    [InlineData("""{"type":"string","const":1}""", "#")]
    [InlineData("""{"type":"object","properties":{"a":{}},"minProperties":1}""", "#")]
    [InlineData("""{"type":"object","required":["a"],"additionalProperties":false}""", "#")]
    [InlineData("""{"type":"object","properties":{"self":{"$ref":"#"}},"required":["self"]}""", "#")]
    [InlineData("""{"items":{"$ref":"#"},"minItems":1}""", "#")]
    [InlineData("""{"properties":{"a":{"allOf":[{"type":"string"},{"type":"integer"}]}},"required":["a"]}""", "#")]
    [InlineData("""{"enum":["\ud800"]}""", "#")]
    [InlineData("""{"$ref":"#"}""", "#")]
    [InlineData("""{"items":{"$ref":"#/$defs/a"},"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}}""", "#/$defs/b")]
    public void What_cannot_be_ensured_is_refused_where_it_is(string schema, string path)
    {
        GrammarException refusal = Refused(schema);
        Assert.Equal(path, refusal.Path);
        Assert.EndsWith(".", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blanks_have_an_end()
    {
        Gbnf grammar = Grammar("""{"type":"array","items":{"const":1}}""");
        Assert.True(grammar.Accepts("[\n" + new string(' ', 20) + "1]"));
        Assert.False(grammar.Accepts("[\n" + new string(' ', 21) + "1]"));
        Assert.False(grammar.Accepts("[  1]"));
        Assert.False(grammar.Accepts("[\n\n1]"));
        Assert.False(grammar.Accepts("[1] "));
    }

    private static string Properties(int count, Func<int, string> schema, string more = "") =>
        "{\"properties\":{" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"property {i}\":{schema(i)}")) + "}" + more + "}";

    [Fact]
    public void Large_schemas_are_refused_or_built_in_bounded_size()
    {
        Assert.Contains("characters", Refused($$"""{"description":"{{new string('x', SchemaCompiler.MaxSchemaCharacters)}}"}""").Message);
        Assert.Contains("properties", Refused(Properties(1001, i => "{}")).Message);
        Assert.Contains("alternatives", Refused($$"""{"allOf":[{{string.Join(',', Enumerable.Range(0, 12).Select(i => $$"""{"anyOf":[{"minimum":{{i}}},{"maximum":{{i + 100}}}]}"""))}}]}""").Message);
        Assert.Contains("too large", Refused(Properties(900, i => $$"""{"type":"string","maxLength":{{90_000 + i}}}""")).Message);
        Assert.InRange(Grammar(Properties(200, i => """{"type":"string"}""", ",\"additionalProperties\":{\"type\":\"string\"}")).RuleCount, 100, 5000);
        Assert.InRange(Grammar("""{"type":"string","maxLength":100000}""").RuleCount, 2, 1000);
    }

    [Fact]
    public void Nested_and_repeated_references_do_not_grow_without_bound()
    {
        // Each definition names the one before it twice: written out it would be 2 to the 40th.
        string definitions = string.Join(',', Enumerable.Range(1, 40).Select(i => $$"""
            "d{{i}}":{"anyOf":[{"$ref":"#/$defs/d{{i - 1}}"},{"oneOf":[{"$ref":"#/$defs/d{{i - 1}}"},{"type":"null"}]}]}
            """));
        Gbnf grammar = Grammar($$"""{"$defs":{"d0":{"type":"integer"},{{definitions}}},"$ref":"#/$defs/d40"}""");
        Assert.True(grammar.Accepts("null"));
        Assert.True(grammar.Accepts("5"));
        Assert.InRange(grammar.RuleCount, 1, 100);

        string objects = string.Join(',', Enumerable.Range(1, 40).Select(i => $$"""
            "d{{i}}":{"properties":{"a":{"$ref":"#/$defs/d{{i - 1}}"},"b":{"$ref":"#/$defs/d{{i - 1}}"} } }
            """));
        Assert.InRange(Grammar($$"""{"$defs":{"d0":{"type":"integer"},{{objects}}},"$ref":"#/$defs/d40"}""").RuleCount, 40, 400);
    }

    [Fact]
    public void A_builder_puts_schemas_and_rules_together()
    {
        GrammarBuilder builder = new();
        using JsonDocument schema = JsonDocument.Parse("""{"properties":{"city":{"type":"string"}},"required":["city"]}""");
        string arguments = builder.AddSchema("get weather!", schema.RootElement);
        string again = builder.AddSchema("get weather!", schema.RootElement);
        Assert.NotEqual(arguments, again);
        string call = builder.AddRule("root", $"{GrammarBuilder.Literal("<call>\n\"x\\[ü😀")} {arguments} {GrammarBuilder.Literal("</call>")}");
        Assert.NotEqual("root", call);
        Gbnf grammar = Gbnf.Parse(builder.Build($"{call} | {again}"));
        Assert.True(grammar.Accepts("<call>\n\"x\\[ü😀{\"city\": \"Bern\"}</call>"));
        Assert.True(grammar.Accepts("{\"city\": \"Bern\"}"));
        Assert.False(grammar.Accepts("<call>{\"city\": \"Bern\"}</call>"));
    }
}
