namespace Mycel.Llama.Tests.Engine;

public sealed class GenerationTests : IAsyncLifetime
{
    private LlamaEngine _engine = null!;

    public ValueTask InitializeAsync()
    {
        _engine = LlamaEngine.Load(TestModels.TinyOptions);
        return default;
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static GenerationRequest Ask(string question) => new()
    {
        Prompt = $"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
        ParseSpecial = true,
        MaxTokens = 40,
        Sampling = new() { Temperature = 0 },
    };

    [Fact]
    public async Task Answers_a_question_and_ends_by_itself()
    {
        var (text, end) = await Collected.RunAsync(_engine, Ask("What is the capital of France?"));

        Assert.Contains("Paris", text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Stop, end.Reason);
        Assert.Null(end.Fault);
        Assert.InRange(end.PromptTokens, 8, 60);
        Assert.InRange(end.CompletionTokens, 2, 40);
    }
}
