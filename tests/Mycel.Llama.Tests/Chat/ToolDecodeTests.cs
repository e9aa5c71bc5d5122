using System.Text.Json;
using Mycel.Llama.Chat;
using Mycel.Llama.Tests.Engine;

namespace Mycel.Llama.Tests.Chat;

/// <summary>Tools on real decode: a model far too small to know any calls them by grammar, in each family's way.</summary>
public sealed class ToolDecodeTests : IAsyncLifetime
{
    private const string Tools = """
        [{"type":"function","function":{"name":"set_light","parameters":{"type":"object","properties":{"room":{"type":"string","enum":["bath","kitchen"]},
          "level":{"type":"integer","minimum":0,"maximum":9}},"required":["room","level"],"additionalProperties":false}}}]
        """;

    private LlamaEngine _engine = null!;

    public static TheoryData<string> Templates =>
    [
        "Qwen-Qwen2.5-7B-Instruct", "mistralai-Mistral-Nemo-Instruct-2407", "Mistral-Small-3.2-24B-Instruct-2506", "meta-llama-Llama-3.1-8B-Instruct",
        "meetkai-functionary-medium-v3.2", "meetkai-functionary-medium-v3.1", "Kimi-K2-Instruct", "Qwen3-Coder", "ibm-granite-granite-4.0", "MiniMax-M1", "google-gemma-2-2b-it",
    ];

    public ValueTask InitializeAsync()
    {
        _engine = LlamaEngine.Load(TestModels.TinyOptions);
        return default;
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static ChatRequest Required => Chats.Ask("""[{"role":"user","content":"Light!"}]""", Tools) with { ToolChoice = new ToolChoice(ToolChoiceMode.Required), ParallelToolCalls = false };

    private async Task CallsAsync(ChatPrompt prompt, string text, uint seed)
    {
        var request = new GenerationRequest
        {
            Prompt = text,
            ParseSpecial = true,
            MaxTokens = 200,
            Grammar = prompt.Grammar,
            GrammarTriggers = prompt.GrammarTriggers,
            Stop = prompt.Stop,
            ShowControlTokens = prompt.ShowControlTokens,
            Sampling = new() { Temperature = 1.5f, Seed = seed },
        };
        var collected = new Collected();
        _engine.Generate(request, collected);
        var end = await collected.End;
        Assert.Equal(FinishReason.Stop, end.Reason);
        var answer = Answer.Read(prompt, collected.Pieces.Select(System.Text.Encoding.UTF8.GetString));
        Assert.Equal(("", ""), (answer.Content, answer.Reasoning));
        Assert.Equal("set_light", Assert.Single(answer.Names));
        using var arguments = JsonDocument.Parse(answer.Arguments[0]);
        Assert.Contains(arguments.RootElement.GetProperty("room").GetString(), (string[])["bath", "kitchen"]);
        Assert.InRange(arguments.RootElement.GetProperty("level").GetInt32(), 0, 9);
    }

    [Fact]
    public async Task The_shipped_model_calls_a_tool_by_its_own_template()
    {
        var prompt = ChatFormat.For(_engine.Model).Render(Required);
        for (var seed = 1u; seed <= 3; seed++)
            await CallsAsync(prompt, prompt.Text, seed);
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public async Task A_call_that_is_required_comes_and_is_whole(string template)
    {
        var prompt = Chats.Shipped(template).Render(Required);
        // What the prompt says makes no difference to a grammar, and most templates say more than this model's context holds.
        await CallsAsync(prompt, "<|im_start|>user\nLight!<|im_end|>\n<|im_start|>assistant\n", 5);
    }
}
