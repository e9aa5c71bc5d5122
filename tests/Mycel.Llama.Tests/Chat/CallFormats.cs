namespace Mycel.Llama.Tests.Chat;

/// <summary>A model's own way to call tools.</summary>
/// <param name="Template">One of llama.cpp's templates.</param>
/// <param name="One">Output that calls get_weather.</param>
/// <param name="Two">Output that calls get_weather, then now; null where the model cannot.</param>
/// <param name="Reasoning">How it thinks before that, with the thought "Hm."; null where it does not.</param>
public sealed record CallFormat(string Template, string One, string? Two, string? Reasoning = null)
{
    public override string ToString() => Template;
}

/// <summary>The ways that are known.</summary>
internal static class CallFormats
{
    private const string A = """{"city": "Zürich \"HB\"", "days": 2}""";

    public static IReadOnlyList<CallFormat> All { get; } =
    [
        new("Qwen-Qwen2.5-7B-Instruct", Hermes("get_weather", A), Hermes("get_weather", A) + "\n" + Hermes("now", "{}")),
        new("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", Hermes("get_weather", A), Hermes("get_weather", A) + Hermes("now", "{}")),
        new("Qwen-Qwen3-0.6B", Hermes("get_weather", A), Hermes("get_weather", A) + "\n" + Hermes("now", "{}"), "<think>\nHm.\n</think>\n\n"),
        new("Qwen-QwQ-32B", Hermes("get_weather", A), Hermes("get_weather", A) + "\n" + Hermes("now", "{}"), "Hm.\n</think>\n\n"),
        new("ibm-granite-granite-4.0", Hermes("get_weather", A), Hermes("get_weather", A) + "\n" + Hermes("now", "{}")),
        new("mistralai-Mistral-Nemo-Instruct-2407", "[TOOL_CALLS]" + List(One), "[TOOL_CALLS]" + List(Two)),
        new("Mistral-Small-3.2-24B-Instruct-2506", $"[TOOL_CALLS]get_weather[ARGS]{A}", $"[TOOL_CALLS]get_weather[ARGS]{A}[TOOL_CALLS]now[ARGS]{{}}"),
        new("mistralai-Ministral-3-14B-Reasoning-2512", $"[TOOL_CALLS]get_weather[ARGS]{A}", $"[TOOL_CALLS]get_weather[ARGS]{A}[TOOL_CALLS]now[ARGS]{{}}", "[THINK]Hm.[/THINK]"),
        new("meta-llama-Llama-3.1-8B-Instruct", Call("get_weather", "parameters", A), null),
        new("meta-llama-Llama-3.3-70B-Instruct", Call("get_weather", "parameters", A), null),
        new("meetkai-functionary-medium-v3.2", $"get_weather\n{A}", $"get_weather\n{A}>>>now\n{{}}"),
        new("meetkai-functionary-medium-v3.1", $"<function=get_weather>{A}</function>", $"<function=get_weather>{A}</function><function=now>{{}}</function>"),
        new("Kimi-K2-Instruct", Kimi(KimiCall("get_weather", 0, A)), Kimi(KimiCall("get_weather", 0, A) + KimiCall("now", 1, "{}"))),
        new("Qwen3-Coder", Coder(), Coder() + "\n<tool_call>\n<function=now>\n</function>\n</tool_call>"),
        new("Qwen3.5-4B", Coder(), Coder() + "\n<tool_call>\n<function=now>\n</function>\n</tool_call>", "Hm.\n</think>\n\n"),
        new("ByteDance-Seed-OSS", Coder("seed:", ""), Coder("seed:", "") + "\n<seed:tool_call>\n<function=now>\n</function>\n</seed:tool_call>", "<seed:think>Hm.</seed:think>"),
        new("GLM-4.6", Glm("\n"), Glm("\n") + "\n<tool_call>now\n</tool_call>", "<think>Hm.</think>\n"),
        new("GLM-4.7-Flash", Glm(""), Glm("") + "<tool_call>now</tool_call>", "Hm.</think>"),
        new("tencent-Hy3", Hy3(""), Hy3("\n<tool_call:opensource>now<tool_sep:opensource>\n</tool_call:opensource>")),
        new("CohereForAI-c4ai-command-r7b-12-2024-tool_use", Cohere(""), Cohere(", {\"tool_call_id\": \"1\", \"tool_name\": \"now\", \"parameters\": {}}"), "<|START_THINKING|>Hm.<|END_THINKING|>"),
        new("ibm-granite-granite-3.3-2B-Instruct", "<|tool_call|>" + List(One), "<|tool_call|>" + List(Two)),
        new("NVIDIA-Nemotron-Nano-v2", $"<TOOLCALL>{List(One)}</TOOLCALL>", $"<TOOLCALL>{List(Two)}</TOOLCALL>", "Hm.\n</think>\n"),
        new("unsloth-Apriel-1.5", $"<tool_calls>{List(One)}</tool_calls>", $"<tool_calls>{List(Two)}</tool_calls>"),
        new("MiniMax-M1", $"<tool_calls>\n{One}\n</tool_calls>", $"<tool_calls>\n{One}\n{Call("now", "arguments", "{}")}\n</tool_calls>"),
        new("MiniMax-M2", MiniMax(""), MiniMax("\n<invoke name=\"now\">\n</invoke>"), "Hm.\n</think>\n\n"),
        new("deepseek-ai-DeepSeek-V3.2", Dsml(""), Dsml("\n<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>"), "Hm.</think>"),
        new("openbmb-MiniCPM5-1B", MiniCpm, MiniCpm + "\n<function name=\"now\"></function>", "Hm.\n</think>\n\n"),
        new("GigaChat3.1-10B-A1.8B", "<|function_call|>" + One, null),
        new("openai-gpt-oss-120b", $"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{A}", null, "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"),
        // Their templates know no tools, or call them in a way that is not known: a grammar asks for JSON.
        new("google-gemma-2-2b-it", $$"""{"tool_calls": {{List(One)}}}""", $$"""{"tool_calls": {{List(Two)}}}"""),
        new("deepseek-ai-DeepSeek-V3.1", $$"""{"tool_calls": {{List(One)}}}""", $$"""{"tool_calls": {{List(Two)}}}""", "Hm.</think>"),
        new("LFM2-8B-A1B", $$"""{"tool_calls": {{List(One)}}}""", $$"""{"tool_calls": {{List(Two)}}}"""),
        new("MiniMax-M3", $$"""{"tool_calls": {{List(One)}}}""", $$"""{"tool_calls": {{List(Two)}}}""", "<mm:think>Hm.</mm:think>"),
    ];

    private static string One => Call("get_weather", "arguments", A);

    private static string Two => One + ", " + Call("now", "arguments", "{}");

    private static string MiniCpm => "<function name=\"get_weather\"><param name=\"city\">Zürich \"HB\"</param><param name=\"days\">2</param></function>";

    private static string List(string calls) => $"[{calls}]";

    private static string Call(string name, string key, string arguments) => $$"""{"name": "{{name}}", "{{key}}": {{arguments}}}""";

    private static string Hermes(string name, string arguments) => $"<tool_call>\n{Call(name, "arguments", arguments)}\n</tool_call>";

    private static string Kimi(string calls) => $"<|tool_calls_section_begin|>{calls}<|tool_calls_section_end|>";

    private static string KimiCall(string name, int number, string arguments) => $"<|tool_call_begin|>functions.{name}:{number}<|tool_call_argument_begin|>{arguments}<|tool_call_end|>";

    private static string Coder(string space = "", string line = "\n") =>
        $"<{space}tool_call>\n<function=get_weather>\n<parameter=city>{line}Zürich \"HB\"{line}</parameter>\n<parameter=days>{line}2{line}</parameter>\n</function>\n</{space}tool_call>";

    private static string Glm(string line) =>
        $"<tool_call>get_weather{line}<arg_key>city</arg_key>{line}<arg_value>Zürich \"HB\"</arg_value>{line}<arg_key>days</arg_key>{line}<arg_value>2</arg_value>{line}</tool_call>";

    private static string Hy3(string more) =>
        "<tool_calls:opensource>\n<tool_call:opensource>get_weather<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Zürich \"HB\"</arg_value:opensource>\n"
        + $"<arg_key:opensource>days</arg_key:opensource>\n<arg_value:opensource>2</arg_value:opensource>\n</tool_call:opensource>{more}\n</tool_calls:opensource>";

    private static string Cohere(string more) =>
        $$"""<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_weather", "parameters": {{A}}}{{more}}]<|END_ACTION|>""";

    private static string MiniMax(string more) =>
        $"<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">Zürich \"HB\"</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>{more}\n</minimax:tool_call>";

    private static string Dsml(string more) =>
        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Zürich \"HB\"</｜DSML｜parameter>\n"
        + $"<｜DSML｜parameter name=\"days\" string=\"false\">2</｜DSML｜parameter>\n</｜DSML｜invoke>{more}\n</｜DSML｜function_calls>";
}
