namespace Mycel.Llama.Chat;

/// <summary>The ways to call tools that families of models were trained on, told by the marks in their templates.</summary>
internal static class KnownCalls
{
    /// <summary>Texts that a family's templates have, all of them, and how it calls tools.</summary>
    private static readonly (string[] Signs, Func<CallSyntax> Make)[] Known =
    [
        // The most particular come first: many templates have the marks of others, too.
        (["<|START_ACTION|>"], () => new JsonCallSyntax
        {
            Opening = "<|START_ACTION|>", Closing = "<|END_ACTION|>", IsList = true, NumberKey = "tool_call_id", NameKey = "tool_name", ArgumentsKey = "parameters",
        }),
        ([">>>all"], () => new NamedCallSyntax { CallOpening = ">>>", NameEnd = "\n", IsOpenedByPrompt = true }),
        (["<｜tool▁calls▁begin｜>", "```json"], () => DeepSeek("function<｜tool▁sep｜>", "\n```json\n", "\n```<｜tool▁call▁end｜>")),
        (["<｜tool▁calls▁begin｜>"], () => DeepSeek("", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>")),
        (["DSML", "function_calls"], () => Dsml("function_calls")),
        (["DSML", "tool_calls"], () => Dsml("tool_calls")),
        (["<|tool_calls_section_begin|>"], Kimi),
        (["[TOOL_CALLS]", "[ARGS]"], () => new NamedCallSyntax { CallOpening = "[TOOL_CALLS]", NameEnd = "[ARGS]", NameSuffix = "[CALL_ID]" }),
        (["[TOOL_CALLS]"], () => new JsonCallSyntax { Opening = "[TOOL_CALLS]", IsList = true }),
        (["minimax:tool_call", "<invoke name="], MiniMax),
        (["<function name=", "<param name="], MiniCpm),
        (["seed:tool_call", "<parameter="], () => QwenCoder("<seed:tool_call>", "</seed:tool_call>", hasLines: false)),
        (["<parameter=", "<function="], () => QwenCoder("<tool_call>", "</tool_call>", hasLines: true)),
        (["<tool_sep:opensource>"], () => Glm(":opensource")),
        (["<arg_key>"], () => Glm("")),
        (["<function="], () => new NamedCallSyntax { CallOpening = "<function=", NameEnd = ">", CallClosing = "</function>" }),
        (["<TOOLCALL>"], () => new JsonCallSyntax { Opening = "<TOOLCALL>", Closing = "</TOOLCALL>", IsList = true }),
        (["<tool_calls>["], () => new JsonCallSyntax { Opening = "<tool_calls>", Closing = "</tool_calls>", IsList = true }),
        (["<tool_calls>\n{"], () => new JsonCallSyntax { Opening = "<tool_calls>", Closing = "</tool_calls>", IsSequence = true }),
        (["<|function_call|>"], () => new JsonCallSyntax { Opening = "<|function_call|>" }),
        (["<tool_call>"], () => new JsonCallSyntax { Opening = "<tool_call>", Closing = "</tool_call>" }),
        (["<|tool_call|>", "<|/tool_call|>"], () => new JsonCallSyntax { Opening = "<|tool_call|>", Closing = "<|/tool_call|>", IsList = true }),
        (["<|tool_call|>"], () => new JsonCallSyntax { Opening = "<|tool_call|>", IsList = true }),
        (["<|python_tag|>"], () => new JsonCallSyntax { Opening = "<|python_tag|>", IsBare = true, ArgumentsKey = "parameters" }),
        (["<|start_header_id|>", "\"parameters\": "], () => new JsonCallSyntax { Opening = "<|python_tag|>", IsBare = true, ArgumentsKey = "parameters" }),
    ];

    /// <summary>The one that a template shows; null for none.</summary>
    /// <param name="has">Whether the template has, or shows, a text.</param>
    public static CallSyntax? Find(Func<string, bool> has) => Known.FirstOrDefault(known => known.Signs.All(has)).Make?.Invoke();

    private static NamedCallSyntax DeepSeek(string namePrefix, string nameEnd, string closing) => new()
    {
        SectionOpening = "<｜tool▁calls▁begin｜>",
        SectionClosing = "<｜tool▁calls▁end｜>",
        CallOpening = "<｜tool▁call▁begin｜>",
        NamePrefix = namePrefix,
        NameEnd = nameEnd,
        CallClosing = closing,
    };

    private static NamedCallSyntax Kimi() => new()
    {
        SectionOpening = "<|tool_calls_section_begin|>",
        SectionClosing = "<|tool_calls_section_end|>",
        CallOpening = "<|tool_call_begin|>",
        NamePrefix = "functions.",
        NameSuffix = ":",
        NameEnd = "<|tool_call_argument_begin|>",
        CallClosing = "<|tool_call_end|>",
    };

    private static TagCallSyntax QwenCoder(string opening, string closing, bool hasLines) => new()
    {
        CallOpening = opening,
        CallClosing = closing,
        NameOpening = "<function=",
        NameEnd = ">",
        BodyEnd = "</function>",
        KeyOpening = "<parameter=",
        KeyEnd = ">",
        ValueEnd = "</parameter>",
        HasLines = hasLines,
    };

    private static TagCallSyntax Glm(string suffix) => new()
    {
        SectionOpening = suffix.Length > 0 ? $"<tool_calls{suffix}>" : "",
        SectionClosing = suffix.Length > 0 ? $"</tool_calls{suffix}>" : "",
        CallOpening = $"<tool_call{suffix}>",
        CallClosing = $"</tool_call{suffix}>",
        NameEnd = suffix.Length > 0 ? $"<tool_sep{suffix}>" : "",
        KeyOpening = $"<arg_key{suffix}>",
        KeyEnd = $"</arg_key{suffix}>",
        ValueOpening = $"<arg_value{suffix}>",
        ValueEnd = $"</arg_value{suffix}>",
    };

    private static TagCallSyntax MiniMax() => new()
    {
        SectionOpening = "<minimax:tool_call>",
        SectionClosing = "</minimax:tool_call>",
        NameOpening = "<invoke name=\"",
        NameEnd = "\">",
        BodyEnd = "</invoke>",
        KeyOpening = "<parameter name=\"",
        KeyEnd = "\">",
        ValueEnd = "</parameter>",
    };

    private static TagCallSyntax Dsml(string section) => new()
    {
        SectionOpening = $"<｜DSML｜{section}>",
        SectionClosing = $"</｜DSML｜{section}>",
        NameOpening = "<｜DSML｜invoke name=\"",
        NameEnd = "\">",
        BodyEnd = "</｜DSML｜invoke>",
        KeyOpening = "<｜DSML｜parameter name=\"",
        KeyEnd = "\" string=\"true\">",
        OtherKeyEnd = "\" string=\"false\">",
        ValueEnd = "</｜DSML｜parameter>",
    };

    private static TagCallSyntax MiniCpm() => new()
    {
        NameOpening = "<function name=\"",
        NameEnd = "\">",
        BodyEnd = "</function>",
        KeyOpening = "<param name=\"",
        KeyEnd = "\">",
        ValueEnd = "</param>",
    };
}
