using System.Text.Json;
using Mycel.Llama.Gguf;
using Mycel.Llama.Native;

namespace Mycel.Llama.Tests.Engine;

public sealed class LoadingTests
{
    [Fact]
    public void The_library_is_the_one_this_was_written_for()
    {
        LlamaRuntime.Load(TestModels.Libraries);

        Assert.Contains(LlamaRuntime.Version, AbiGuard.KnownVersions);
        Assert.Contains(LlamaRuntime.Devices, d => d.Name == "CPU");
    }

    [Fact]
    public void A_folder_without_libraries_is_refused_with_what_to_do()
    {
        // The process keeps the libraries it has, so this is asked of the search alone.
        Assert.Null(LlamaRuntime.FindLibrary(Path.GetTempPath(), "llama"));
        Assert.Null(LlamaRuntime.FindLibrary("/no/such/folder", "llama"));
    }

    [Fact]
    public void Progress_is_told_and_can_end_the_loading()
    {
        var told = new List<float>();
        Assert.Throws<EngineException>(() => LlamaEngine.Load(TestModels.TinyOptions, progress =>
        {
            told.Add(progress);
            return false;
        }));
        Assert.NotEmpty(told);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.02)]
    [InlineData(0.999)]
    public void A_truncated_file_is_refused(double part)
    {
        using var file = new TemporaryFile(File.ReadAllBytes(TestModels.Tiny)[..(int)(new FileInfo(TestModels.Tiny).Length * part)]);

        Assert.Throws<GgufException>(() => LlamaEngine.Load(TestModels.TinyOptions with { ModelPath = file.Path }));
    }

    [Fact]
    public void A_file_that_is_no_model_is_refused()
    {
        using var file = new TemporaryFile("<html>not found</html>"u8.ToArray());

        Assert.Throws<GgufException>(() => LlamaEngine.Load(TestModels.TinyOptions with { ModelPath = file.Path }));
    }

    [Fact]
    public async Task MiniLM_embeds_as_its_reference_does()
    {
        var path = TestModels.Shared("all-minilm-l6-v2-q8_0.gguf");
        using var reference = JsonDocument.Parse(await File.ReadAllTextAsync(TestModels.Shared("all-minilm-l6-v2-q8_0.reference.json"), TestContext.Current.CancellationToken));
        await using var engine = LlamaEngine.Load(TestModels.TinyOptions with { ModelPath = path });
        var entries = reference.RootElement.ValueKind == JsonValueKind.Array ? reference.RootElement : reference.RootElement.EnumerateObject().First(p => p.Value.ValueKind == JsonValueKind.Array).Value;
        var texts = entries.EnumerateArray().ToArray();
        var result = await engine.EmbedAsync(new([.. texts.Select(t => new EmbeddingInput(t.GetProperty("text").GetString()))]), TestContext.Current.CancellationToken);

        Assert.True(engine.Model.IsEmbedding);
        var tokens = 0;
        foreach (var (i, text) in texts.Index())
        {
            var expected = text.EnumerateObject().First(p => p.Name is "embedding" or "vector").Value.EnumerateArray().Select(v => v.GetSingle()).ToArray();
            tokens += text.EnumerateObject().First(p => p.Name is "tokens" or "ids" or "token_ids").Value.GetArrayLength();
            Assert.InRange(Cosine(expected, result.Vectors[i]), 0.995, 1.0001);
        }
        Assert.Equal(tokens, result.PromptTokens);
        var (_, end) = await Collected.RunAsync(engine, new() { Prompt = "hello" });
        Assert.Equal(EngineFaultKind.BadRequest, end.Fault!.Kind);
        var tooLong = await Assert.ThrowsAsync<EngineException>(() => engine.EmbedAsync(new([new(string.Concat(Enumerable.Repeat("word ", 600)))]), TestContext.Current.CancellationToken));
        Assert.Equal(EngineFaultKind.TooLong, tooLong.Fault.Kind);
        var many = await engine.EmbedAsync(new([.. Enumerable.Range(0, 100).Select(i => new EmbeddingInput($"text number {i} " + string.Concat(Enumerable.Repeat("word ", i))))]), TestContext.Current.CancellationToken);
        Assert.Equal(100, many.Vectors.Count);
        var alone = await engine.EmbedAsync(new([new("text number 50 " + string.Concat(Enumerable.Repeat("word ", 50)))]), TestContext.Current.CancellationToken);
        Assert.InRange(Cosine(alone.Vectors[0], many.Vectors[50]), 0.999, 1.0001);
    }

    [Fact]
    public async Task An_embedding_engine_that_was_disposed_answers_that_it_is_gone()
    {
        var engine = LlamaEngine.Load(TestModels.TinyOptions with { ModelPath = TestModels.Shared("all-minilm-l6-v2-q8_0.gguf") });
        await engine.EmbedAsync(new([new("hello")]), TestContext.Current.CancellationToken);
        await engine.DisposeAsync();

        Assert.Equal(0, engine.ReadStatistics().Waiting);
        var fault = (await Assert.ThrowsAsync<EngineException>(() => engine.EmbedAsync(new([new("hello")]), TestContext.Current.CancellationToken))).Fault;
        Assert.Equal(EngineFaultKind.Lost, fault.Kind);
        Assert.True((await engine.Ended).IsExpected);
    }

    private static double Cosine(float[] a, float[] b)
    {
        double dot = 0, x = 0, y = 0;
        for (var i = 0; i < a.Length; i++)
        {
            dot += a[i] * b[i];
            x += a[i] * a[i];
            y += b[i] * b[i];
        }
        return dot / Math.Sqrt(x * y);
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(byte[] bytes) => File.WriteAllBytes(Path, bytes);

        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"mycel-test-{Guid.NewGuid():N}.gguf");

        public void Dispose() => File.Delete(Path);
    }
}
