using System.Text.Json;
using System.Text.Json.Nodes;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Tests.Grammar;

/// <summary>Schemas made at random: whatever their grammars allow is JSON that fits them, in llama.cpp's eyes as well.</summary>
public sealed class RandomSchemaTests
{
    private static readonly string[] Names = ["a", "ab", "b", "name", "naïve", "größe", "a\"b", "x y", "日本"];
    private static readonly string[] Patterns = ["^[a-z]{1,5}$", "^\\d{3}-\\d{4}$", "^(foo|bar)+$", "x", "^[^\"]*$", "\\.$", "^a?b*c+$", "^[\\w.]+@[a-z]+\\.(com|org)$", "^.{2,40}$"];
    private static readonly string[] Formats = ["date", "date-time", "uuid", "ipv4", "ipv6", "unheard-of"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Sentences_of_a_schemas_grammar_fit_the_schema(int seed)
    {
        Random random = new(seed);
        int made = 0;
        for (int round = 0; round < 80; round++)
        {
            JsonObject schema = Schema(random, 4);
            schema["$defs"] = new JsonObject { ["node"] = Schema(random, 2), ["leaf"] = Schema(random, 0) };
            using JsonDocument document = JsonDocument.Parse(schema.ToJsonString());
            string rules;
            try
            {
                rules = JsonSchemaGrammar.FromSchema(document.RootElement);
            }
            catch (GrammarException)
            {
                // By chance nothing fits, or a part needs itself.
                continue;
            }
            made++;
            Gbnf grammar = Gbnf.Parse(rules);
            SchemaCheck check = new(document.RootElement);
            for (int i = 0; i < 4; i++)
            {
                string text = grammar.Make(random);
                using JsonDocument value = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
                Assert.True(check.Fits(value.RootElement), $"{text} does not fit {schema.ToJsonString()}");
                if (text.Length < 500)
                    Assert.True(LlamaGrammar.Accepts(rules, text), $"llama.cpp refuses {text} for {schema.ToJsonString()}");
            }
        }
        Assert.InRange(made, 40, 80);
    }

    private static readonly string[] Keywords =
        ["type", "enum", "const", "properties", "required", "additionalProperties", "propertyNames", "patternProperties", "minProperties", "maxProperties", "items", "prefixItems", "additionalItems",
        "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf", "oneOf", "allOf",
        "$ref", "nullable", "not", "unevaluatedProperties"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Nonsense_is_refused_or_gives_a_grammar_that_llama_cpp_reads(int seed)
    {
        Random random = new(seed);
        int made = 0;
        for (int round = 0; round < 1000; round++)
        {
            using JsonDocument schema = JsonDocument.Parse(Nonsense(random, 4)?.ToJsonString() ?? "null");
            string rules;
            try
            {
                rules = JsonSchemaGrammar.FromSchema(schema.RootElement);
            }
            catch (GrammarException e)
            {
                Assert.StartsWith("#", e.Path, StringComparison.Ordinal);
                continue;
            }
            made++;
            Assert.True(LlamaGrammar.CanParse(rules), schema.RootElement.GetRawText());
        }
        Assert.InRange(made, 20, 980);
    }

    private static JsonNode? Nonsense(Random random, int depth)
    {
        switch (random.Next(depth > 0 ? 12 : 8))
        {
            case 0: return null;
            case 1: return random.Next(2) == 0;
            case 2: return random.Next(-3, 40);
            case 3: return random.NextDouble() * Math.Pow(10, random.Next(-20, 30));
            case 4: return Names[random.Next(Names.Length)];
            case 5: return Patterns[random.Next(Patterns.Length)];
            case 6: return random.Next(2) == 0 ? "string" : "object";
            case 7: return random.Next(2) == 0 ? "#" : "#/" + Keywords[random.Next(Keywords.Length)];
            case 8: return new JsonArray(Nonsense(random, depth - 1), Nonsense(random, depth - 1));
            default:
                JsonObject schema = [];
                for (int i = random.Next(4); i > 0; i--)
                    schema[random.Next(8) == 0 ? Names[random.Next(Names.Length)] : Keywords[random.Next(Keywords.Length)]] = Nonsense(random, depth - 1);
                return schema;
        }
    }

    [Fact]
    public void Sentences_of_JSON_mode_are_JSON()
    {
        Random random = new(1);
        Gbnf grammar = Gbnf.Parse(JsonSchemaGrammar.AnyJsonObject);
        for (int i = 0; i < 300; i++)
        {
            string text = grammar.Make(random);
            using JsonDocument value = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
            Assert.Equal(JsonValueKind.Object, value.RootElement.ValueKind);
            // Texts, halves of surrogate pairs included, can be handed out.
            Assert.NotNull(JsonSerializer.Serialize(value.RootElement.EnumerateObject().Select(p => p.Name)));
        }
    }

    private static JsonObject Schema(Random random, int depth)
    {
        int kind = random.Next(depth > 0 ? 13 : 7);
        return kind switch
        {
            0 or 1 => Text(random),
            2 or 3 => Number(random),
            4 => new JsonObject { ["type"] = random.Next(2) == 0 ? "boolean" : "null" },
            5 => new JsonObject { ["enum"] = new JsonArray("red", "re", 1, 2.5, null, true, new JsonObject { ["k"] = new JsonArray(1, "ü\n") }) },
            6 => new JsonObject { ["type"] = new JsonArray("string", "integer", "null") },
            7 or 8 => Object(random, depth),
            9 => Array(random, depth),
            10 => new JsonObject { [random.Next(2) == 0 ? "anyOf" : "oneOf"] = new JsonArray(Schema(random, depth - 1), Schema(random, depth - 1)) },
            11 => new JsonObject { ["$ref"] = random.Next(3) switch { 0 => "#", 1 => "#/$defs/node", _ => "#/$defs/leaf" } },
            _ => new JsonObject { ["allOf"] = new JsonArray(Object(random, depth - 1), Object(random, depth - 1)) },
        };
    }

    private static JsonObject Text(Random random)
    {
        JsonObject schema = new() { ["type"] = "string" };
        switch (random.Next(4))
        {
            case 0:
                schema["minLength"] = random.Next(4);
                schema["maxLength"] = random.Next(4, 60);
                break;
            case 1:
                schema["pattern"] = Patterns[random.Next(Patterns.Length)];
                break;
            case 2:
                schema["format"] = Formats[random.Next(Formats.Length)];
                break;
        }
        return schema;
    }

    private static JsonObject Number(Random random)
    {
        JsonObject schema = new() { ["type"] = random.Next(2) == 0 ? "integer" : "number" };
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = Math.Round(random.NextDouble() * 200 - 150, random.Next(3));
        if (random.Next(2) == 0)
            schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = Math.Round(random.NextDouble() * 200 + 60, random.Next(3));
        if (random.Next(5) == 0)
            schema["multipleOf"] = 0.01;
        return schema;
    }

    private static JsonObject Object(Random random, int depth)
    {
        JsonObject properties = [];
        JsonArray required = [];
        foreach (string name in Names.Where(_ => random.Next(3) == 0))
        {
            properties[name] = Schema(random, depth - 1);
            if (random.Next(2) == 0)
                required.Add(name);
        }
        JsonObject schema = new() { ["type"] = "object", ["properties"] = properties, ["required"] = required };
        switch (random.Next(4))
        {
            case 0:
                schema["additionalProperties"] = false;
                break;
            case 1:
                schema["additionalProperties"] = Schema(random, 0);
                break;
            case 2:
                schema["additionalProperties"] = true;
                break;
        }
        return schema;
    }

    private static JsonObject Array(Random random, int depth)
    {
        JsonObject schema = new() { ["type"] = "array", ["items"] = Schema(random, depth - 1) };
        if (random.Next(3) == 0)
            schema["prefixItems"] = new JsonArray(Schema(random, depth - 1), Schema(random, depth - 1));
        if (random.Next(2) == 0)
            schema["minItems"] = random.Next(3);
        if (random.Next(2) == 0)
            schema["maxItems"] = random.Next(3, 50);
        return schema;
    }
}
