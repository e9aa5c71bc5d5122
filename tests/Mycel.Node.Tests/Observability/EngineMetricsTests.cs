using Mycel.Llama;
using Mycel.Node.Api;
using Mycel.Node.Backends.Local;
using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Observability;

public class EngineMetricsTests
{
    private static readonly LoadedModel Model = new()
    {
        Description = "llama 2M Q8_0",
        ContextLength = 512,
        TrainedContextLength = 512,
        Slots = 3,
        VocabularySize = 2_048,
        EmbeddingLength = 128,
        IsEmbedding = false,
        Device = "CPU",
        LibraryVersion = "b1",
    };

    [Fact]
    public void A_loaded_model_tells_what_its_engine_counts()
    {
        var lines = Write(new LocalModelStatus(new LocalModelSpec("m\"1", "/m.gguf"), LocalModelState.Loaded)
        {
            Model = Model,
            Restarts = 2,
            LoadTime = TimeSpan.FromSeconds(1.5),
            Statistics = new EngineStatistics
            {
                SlotsUsed = 1,
                Waiting = 4,
                CacheCells = 2_048,
                CacheCellsUsed = 300,
                PromptTokens = 70,
                CachedTokens = 30,
                GeneratedTokens = 900,
                DecodeTime = TimeSpan.FromSeconds(12.25),
                Steps = 500,
                Preemptions = 6,
                ProcessBytes = 123_456,
            },
        });

        string[] expected =
        [
            "mycel_model_state{model=\"m\\\"1\",state=\"unloaded\"} 0",
            "mycel_model_state{model=\"m\\\"1\",state=\"loaded\"} 1",
            Sample("mycel_model_load_seconds", "1.5"),
            Sample("mycel_engine_restarts_total", "2"),
            Sample("mycel_engine_slots", "3"),
            Sample("mycel_engine_slots_used", "1"),
            Sample("mycel_engine_waiting", "4"),
            Sample("mycel_engine_cache_cells", "2048"),
            Sample("mycel_engine_cache_cells_used", "300"),
            Sample("mycel_engine_prompt_tokens_total", "70"),
            Sample("mycel_engine_cached_tokens_total", "30"),
            Sample("mycel_engine_generated_tokens_total", "900"),
            Sample("mycel_engine_decode_seconds_total", "12.25"),
            Sample("mycel_engine_steps_total", "500"),
            Sample("mycel_engine_preemptions_total", "6"),
            Sample("mycel_engine_resident_memory_bytes", "123456"),
        ];
        Assert.Empty(expected.Except(lines));

        static string Sample(string name, string value) => $"{name}{{model=\"m\\\"1\"}} {value}";
    }

    [Fact]
    public void A_model_that_is_not_loaded_tells_its_state_and_nothing_else()
    {
        var samples = Write(new LocalModelStatus(new LocalModelSpec("m", "/m.gguf"), LocalModelState.Quarantined) { Restarts = 1 }).Where(line => line[0] != '#').ToList();

        Assert.Contains("mycel_model_state{model=\"m\",state=\"quarantined\"} 1", samples);
        Assert.Contains("mycel_engine_restarts_total{model=\"m\"} 1", samples);
        Assert.All(samples, line => Assert.Matches("^mycel_(model_state|engine_restarts_total)", line));
    }

    private static string[] Write(params LocalModelStatus[] models)
    {
        var text = new PrometheusText();
        EngineMetrics.Write(text, models);
        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
