using System.Text.Json;
using Mycel.Llama.Chat;
using Mycel.Llama.Tests.Templates;

namespace Mycel.Llama.Tests.Chat;

/// <summary>Chats and tools that tests ask with.</summary>
internal static class Chats
{
    public const string Hello = """[{"role":"user","content":"Weather in Zürich?"}]""";

    public const string Tools = """
        [{"type":"function","function":{"name":"get_weather","description":"The weather.","parameters":{"type":"object",
           "properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"type":"string","enum":["celsius","kelvin"]},"tags":{"type":"array","items":{"type":"string"}}},
           "required":["city"],"additionalProperties":false}}},
         {"type":"function","function":{"name":"now","description":"The time.","parameters":{"type":"object","properties":{}}}}]
        """;

    public static LoadedModel Model { get; } = new()
    {
        Description = "test",
        ContextLength = 4096,
        TrainedContextLength = 4096,
        Slots = 1,
        VocabularySize = 10,
        EmbeddingLength = 8,
        IsEmbedding = false,
        Device = "CPU",
        LibraryVersion = "0",
        BosToken = "<s>",
        EosToken = "</s>",
        AddsBos = true,
    };

    public static JsonElement Json(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>The format of one of llama.cpp's templates; calls get the ids call-0, call-1 and so on.</summary>
    public static ChatFormat Shipped(string template) => Format(TemplateCorpus.Read(template));

    public static ChatFormat Format(string template)
    {
        var calls = 0;
        return ChatFormat.For(Model, template, newCallId: () => $"call-{calls++}");
    }

    public static ChatRequest Ask(string messages = Hello, string? tools = Tools) => new() { Messages = Json(messages), Tools = tools is null ? null : Json(tools) };

    public static ChatPrompt AskTools(this ChatFormat format, ToolChoiceMode mode = ToolChoiceMode.Auto, string? function = null, bool? isParallel = true) =>
        format.Render(Ask() with { ToolChoice = new ToolChoice(mode, function), ParallelToolCalls = isParallel });
}
