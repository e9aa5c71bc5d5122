namespace Mycel.Llama.Chat;

/// <summary>The marks that a model writes with, as far as its template shows them.</summary>
internal sealed record ChatSyntax
{
    private static readonly (string, string) s_think = ("<think>", "</think>");

    /// <summary>How it calls tools; null where the template shows no way that is known.</summary>
    public CallSyntax? Calls { get; init; }

    /// <summary>Marks around its reasoning; null where it shows none.</summary>
    public (string Opening, string Closing)? Reasoning { get; init; }

    /// <summary>Marks around its answer.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>Whether it writes in gpt-oss's channels, which hold reasoning and calls, too.</summary>
    public bool HasChannels { get; init; }

    /// <summary>A mark that prompts may end with, so that the output goes on behind it.</summary>
    public string OpenMark { get; init; } = "";

    /// <summary>Reads a template's source for marks. The most particular are asked for first: many templates mention the marks of others.</summary>
    public static ChatSyntax Detect(string source)
    {
        bool Has(string mark) => source.Contains(mark, StringComparison.Ordinal);
        if (Has("<|channel|>") && Has("<|message|>") && Has("<|start|>"))
            return new ChatSyntax { HasChannels = true };
        if (Has("<|START_ACTION|>"))
            return CommandR();
        if (Has(">>>all") || Has("'>>>'"))
            return new ChatSyntax { Calls = new NamedCallSyntax { CallOpening = ">>>", NameEnd = "\n" }, Dropped = [">>>all\n"], OpenMark = ">>>" };
        var reasoning = Has("[THINK]") ? ("[THINK]", "[/THINK]") : Has("<think>") || Has("</think>") ? s_think : default((string, string)?);
        return new ChatSyntax { Calls = FindCalls(Has), Reasoning = reasoning };
    }

    private static ChatSyntax CommandR() => new()
    {
        Calls = new JsonCallSyntax { Opening = "<|START_ACTION|>", Closing = "<|END_ACTION|>", IsList = true, NameKey = "tool_name", ArgumentsKey = "parameters" },
        Reasoning = ("<|START_THINKING|>", "<|END_THINKING|>"),
        Dropped = ["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"],
    };

    private static CallSyntax? FindCalls(Func<string, bool> has) =>
        has("<｜tool▁calls▁begin｜>") ? DeepSeek(has("```json"))
        : has("<|tool_calls_section_begin|>") ? Kimi()
        : has("[TOOL_CALLS]") ? Mistral(has("[ARGS]"))
        : has("<parameter=") && has("<function=") ? QwenCoder()
        : has("<arg_key>") ? Glm()
        : has("<function=") ? new NamedCallSyntax { CallOpening = "<function=", NameEnd = ">", CallClosing = "</function>" }
        : has("<tool_call>") ? new JsonCallSyntax { Opening = "<tool_call>", Closing = "</tool_call>" }
        : has("<|tool_call|>") ? new JsonCallSyntax { Opening = "<|tool_call|>", Closing = has("<|/tool_call|>") ? "<|/tool_call|>" : "", IsList = true }
        : has(" functools[") ? new JsonCallSyntax { Opening = " functools", IsList = true }
        : has("Action: ```json") || has("Action:```json") || has("'Action:'") ? new JsonCallSyntax
        {
            Opening = has("Action: ```json") ? "Action: ```json" : "Action:```json", Closing = "```", IsList = true, NameKey = "tool_name", ArgumentsKey = "parameters",
        }
        : has("<|python_tag|>") || (has("<|start_header_id|>") && has("\"parameters\": ")) ? new JsonCallSyntax { Opening = "<|python_tag|>", IsBare = true, ArgumentsKey = "parameters" }
        : null;

    private static NamedCallSyntax DeepSeek(bool hasFence) => new()
    {
        SectionOpening = "<｜tool▁calls▁begin｜>",
        SectionClosing = "<｜tool▁calls▁end｜>",
        CallOpening = "<｜tool▁call▁begin｜>",
        NamePrefix = hasFence ? "function<｜tool▁sep｜>" : "",
        NameEnd = hasFence ? "\n```json\n" : "<｜tool▁sep｜>",
        CallClosing = hasFence ? "\n```<｜tool▁call▁end｜>" : "<｜tool▁call▁end｜>",
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

    private static CallSyntax Mistral(bool hasNames) => hasNames
        ? new NamedCallSyntax { CallOpening = "[TOOL_CALLS]", NameEnd = "[ARGS]", NameSuffix = "[CALL_ID]" }
        : new JsonCallSyntax { Opening = "[TOOL_CALLS]", IsList = true };

    private static XmlCallSyntax QwenCoder() => new()
    {
        NameOpening = "<function=", KeyOpening = "<parameter=", KeyEnd = ">", ValueOpening = "", ValueEnd = "</parameter>", BodyEnd = "</function>", HasLines = true,
    };

    private static XmlCallSyntax Glm() => new()
    {
        NameOpening = "", KeyOpening = "<arg_key>", KeyEnd = "</arg_key>", ValueOpening = "<arg_value>", ValueEnd = "</arg_value>", BodyEnd = "", HasLines = false,
    };
}
