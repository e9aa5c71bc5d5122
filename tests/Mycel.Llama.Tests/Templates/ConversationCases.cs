using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mycel.Llama.Tests.Templates;

/// <summary>Conversations that chat templates are rendered with.</summary>
internal static class ConversationCases
{
    private const string Tools = """
        [{"type":"function","function":{"name":"get_weather","description":"The weather \"now\" at a place: <b>& 'more'</b>","parameters":{"type":"object",
          "properties":{"city":{"type":"string","description":"A city, such as Zürich 🌍"},"days":{"type":"integer","description":"1 to 7","default":1},
          "unit":{"type":"string","enum":["celsius","fahrenheit"]},"factor":{"type":"number","default":1.5},"detailed":{"type":["boolean","null"]},
          "tags":{"type":"array","items":{"type":"string"}},"where":{"type":"object","properties":{"lat":{"type":"number"},"lon":{"type":"number"}},"required":["lat"]}},
          "required":["city"]}}},
         {"type":"function","function":{"name":"now","description":"The time.","parameters":{"type":"object","properties":{}}}}]
        """;

    private static readonly (string Name, string Messages)[] Plain =
    [
        ("user", """[{"role":"user","content":"Hello"}]"""),
        ("system", """[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}]"""),
        ("turns", """[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi there."},{"role":"user","content":"How are you?"}]"""),
        ("system and turns", """[{"role":"system","content":"You are \"kind\".\n\nAnd brief."},{"role":"user","content":"A"},{"role":"assistant","content":"B"},{"role":"user","content":"C"},{"role":"assistant","content":"D"},{"role":"user","content":"E"}]"""),
        ("spaces", """[{"role":"system","content":"  padded \n"},{"role":"user","content":"\n\n x  \t"},{"role":"assistant","content":"  y\n"},{"role":"user","content":" z "}]"""),
        ("unicode", """[{"role":"user","content":"Grüezi 🌍 e\u0301 日本語 \u0000 \u001f \u00a0 \ud83d\udc69\u200d\ud83d\ude80"},{"role":"assistant","content":"<|im_end|> {{ no }} {% raw %} ß İ"},{"role":"user","content":"\\n 'x' \"y\""}]"""),
        ("empty", """[{"role":"system","content":""},{"role":"user","content":""},{"role":"assistant","content":""},{"role":"user","content":"x"}]"""),
        ("assistant last", """[{"role":"user","content":"Count"},{"role":"assistant","content":"1, 2, "}]"""),
        ("thought", """[{"role":"user","content":"2+2?"},{"role":"assistant","content":"<think>\nSums.\n</think>\n\n4"},{"role":"user","content":"3+3?"}]"""),
        ("reasoning", """[{"role":"user","content":"2+2?"},{"role":"assistant","reasoning_content":"Sums.\nMore.","content":"4"},{"role":"user","content":"3+3?"}]"""),
        ("thinking field", """[{"role":"user","content":"2+2?"},{"role":"assistant","thinking":"Sums.","content":"4"},{"role":"user","content":"3+3?"}]"""),
        ("parts", """[{"role":"system","content":[{"type":"text","text":"S"}]},{"role":"user","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]}]"""),
        ("two users", """[{"role":"user","content":"A"},{"role":"user","content":"B"}]"""),
        ("late system", """[{"role":"user","content":"A"},{"role":"system","content":"S"},{"role":"user","content":"B"}]"""),
        ("developer", """[{"role":"developer","content":"D"},{"role":"user","content":"A"}]"""),
        ("null", """[{"role":"user","content":"A"},{"role":"assistant","content":null},{"role":"user","content":"B"}]"""),
        ("nobody", "[]"),
        ("strange role", """[{"role":"wizard","content":"A"}]"""),
    ];

    private static readonly (string Name, string Messages)[] Calls =
    [
        ("call", """
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"call_000000001","type":"function","function":{"name":"get_weather","arguments":ARGS}}]},
             {"role":"tool","tool_call_id":"call_000000001","name":"get_weather","content":"{\"celsius\": 21}"},
             {"role":"assistant","content":"21 degrees."},{"role":"user","content":"Thanks"}]
            """),
        ("call open", """
            [{"role":"system","content":"Be brief."},{"role":"user","content":"Weather?"},
             {"role":"assistant","content":"","tool_calls":[{"id":"123456789","type":"function","function":{"name":"get_weather","arguments":ARGS}}]},
             {"role":"tool","tool_call_id":"123456789","name":"get_weather","content":"sunny & <warm>"}]
            """),
        ("two calls", """
            [{"role":"user","content":"Weather, time?"},
             {"role":"assistant","content":"Let me see.","reasoning_content":"Two things.","tool_calls":[
               {"id":"functions.get_weather:0","type":"function","function":{"name":"get_weather","arguments":ARGS}},
               {"id":"functions.now:1","type":"function","function":{"name":"now","arguments":EMPTY}}]},
             {"role":"tool","tool_call_id":"functions.get_weather:0","name":"get_weather","content":"rain"},
             {"role":"tool","tool_call_id":"functions.now:1","name":"now","content":"noon"}]
            """),
        ("call last", """
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","tool_calls":[{"id":"call_000000001","type":"function","function":{"name":"get_weather","arguments":ARGS}}]}]
            """),
    ];

    private const string Arguments = """{"city":"Zürich \"HB\"","days":2,"factor":1.0,"detailed":true,"tags":["a","b"],"where":{"lat":47.37,"lon":-8e-7},"none":null}""";

    /// <summary>Names of the cases and the variables to render with.</summary>
    public static IReadOnlyList<(string Name, JsonElement Values)> All { get; } = [.. Make()];

    private static IEnumerable<(string, JsonElement)> Make()
    {
        foreach (var (name, messages) in Plain)
        {
            yield return Case(name, messages, null, true);
            yield return Case(name + ", no prompt", messages, null, false);
        }

        foreach (var (name, messages) in Plain.Take(4))
        {
            yield return Case(name + ", tools", messages, Tools, true);
            yield return Case(name + ", thinking", messages, null, true, ("enable_thinking", true), ("thinking", true));
            yield return Case(name + ", not thinking", messages, null, true, ("enable_thinking", false), ("thinking", false));
            yield return Case(name + ", tools, not thinking", messages, Tools, true, ("enable_thinking", false));
        }

        foreach (var (name, messages) in Calls)
        {
            foreach (var (form, filled) in Forms(messages))
            {
                yield return Case($"{name}, {form}", filled, Tools, true);
                yield return Case($"{name}, {form}, not thinking", filled, Tools, true, ("enable_thinking", false));
                yield return Case($"{name}, {form}, no prompt, no tools", filled, null, false);
            }
        }
    }

    private static IEnumerable<(string Form, string Messages)> Forms(string messages)
    {
        yield return ("object", messages.Replace("ARGS", Arguments, StringComparison.Ordinal).Replace("EMPTY", "{}", StringComparison.Ordinal));
        yield return ("text", messages.Replace("ARGS", JsonSerializer.Serialize(Arguments), StringComparison.Ordinal).Replace("EMPTY", "\"{}\"", StringComparison.Ordinal));
    }

    private static (string, JsonElement) Case(string name, string messages, string? tools, bool prompt, params (string Name, bool Value)[] more)
    {
        var values = new JsonObject
        {
            ["messages"] = JsonNode.Parse(messages),
            ["tools"] = tools is null ? null : JsonNode.Parse(tools),
            ["documents"] = null,
            ["add_generation_prompt"] = prompt,
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
        };
        foreach (var (key, value) in more)
            values[key] = value;
        return (name, JsonSerializer.SerializeToElement(values));
    }
}
