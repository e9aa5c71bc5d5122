using Mycel.Llama;
using Mycel.Node.Backends.Local;
using Mycel.Node.Observability;

namespace Mycel.Node.Api;

/// <summary>What <c>/metrics</c> tells of the models computed here: a series each, for those announced now, which are at most <see cref="LocalModels.MaxModels"/>.</summary>
internal static class EngineMetrics
{
    private static readonly LocalModelState[] States = Enum.GetValues<LocalModelState>();

    /// <summary>Writes them.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="models">The models; their engines' counts are what these said last, so nothing waits for an engine.</param>
    public static void Write(PrometheusText text, IReadOnlyList<LocalModelStatus> models)
    {
        text.Metric("mycel_model_state", "gauge", "1 in the state the local model is in, 0 in the others.");
        foreach (var model in models)
        {
            foreach (var state in States) text.Sample("mycel_model_state", model.State == state ? 1 : 0, ("model", model.Spec.Name), ("state", state.ToString().ToLowerInvariant()));
        }
        text.Metric("mycel_model_load_seconds", "gauge", "Time that loading the model took the last time.");
        foreach (var model in models.Where(model => model.LoadTime is not null)) text.Sample("mycel_model_load_seconds", model.LoadTime!.Value.TotalSeconds, ("model", model.Spec.Name));
        text.Metric("mycel_engine_restarts_total", "counter", "Times the model's engine ended unasked.");
        foreach (var model in models) text.Sample("mycel_engine_restarts_total", model.Restarts, ("model", model.Spec.Name));
        WriteStatistics(text, [.. models.Where(model => model.Statistics is not null)]);
    }

    private static void WriteStatistics(PrometheusText text, IReadOnlyList<LocalModelStatus> loaded)
    {
        text.Metric("mycel_engine_slots", "gauge", "Requests the model computes at once.");
        foreach (var model in loaded.Where(model => model.Model is not null)) text.Sample("mycel_engine_slots", model.Model!.Slots, ("model", model.Spec.Name));
        Gauge("mycel_engine_slots_used", "Requests being computed.", s => s.SlotsUsed);
        Gauge("mycel_engine_waiting", "Requests that wait inside the engine.", s => s.Waiting);
        Gauge("mycel_engine_cache_cells", "Tokens that the KV cache holds.", s => s.CacheCells);
        Gauge("mycel_engine_cache_cells_used", "Tokens in the KV cache, those kept for later requests included.", s => s.CacheCellsUsed);
        Counter("mycel_engine_prompt_tokens_total", "Tokens of prompts that were computed.", s => s.PromptTokens);
        Counter("mycel_engine_cached_tokens_total", "Tokens of prompts that were found in the KV cache.", s => s.CachedTokens);
        Counter("mycel_engine_generated_tokens_total", "Tokens generated.", s => s.GeneratedTokens);
        Counter("mycel_engine_decode_seconds_total", "Time spent in llama.cpp's decode.", s => s.DecodeTime.TotalSeconds);
        Counter("mycel_engine_steps_total", "Decode steps; each computes a part of all running requests.", s => s.Steps);
        Counter("mycel_engine_preemptions_total", "Requests put back into the line for want of KV cache.", s => s.Preemptions);
        text.Metric("mycel_engine_resident_memory_bytes", "gauge", "Memory of the engine's process.");
        foreach (var model in loaded.Where(model => model.Statistics!.ProcessBytes > 0)) text.Sample("mycel_engine_resident_memory_bytes", model.Statistics!.ProcessBytes, ("model", model.Spec.Name));

        void Gauge(string name, string help, Func<EngineStatistics, double> value) => Each(name, "gauge", help, value);
        void Counter(string name, string help, Func<EngineStatistics, double> value) => Each(name, "counter", help, value);

        void Each(string name, string type, string help, Func<EngineStatistics, double> value)
        {
            text.Metric(name, type, help);
            foreach (var model in loaded) text.Sample(name, value(model.Statistics!), ("model", model.Spec.Name));
        }
    }
}
