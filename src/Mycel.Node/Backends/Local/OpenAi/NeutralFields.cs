using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>
/// Fields of llama.cpp's server, Ollama and vLLM that some clients always send. Each is accepted with the value that asks for
/// nothing, and refused with any other.
/// </summary>
internal static class NeutralFields
{
    /// <summary>Puts them into the table of a kind of request that generates.</summary>
    public static FieldTable<T> AddTo<T>(FieldTable<T> table)
    {
        // Each does nothing while the one that switches its method on is neutral, and that one is refused otherwise.
        table.Accepts(
            "mirostat_tau", "mirostat_eta", "dynatemp_exponent", "xtc_threshold", "dry_base", "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers");
        foreach (var name in (string[])["mirostat", "dynatemp_range", "xtc_probability", "dry_multiplier", "top_a", "n_probs", "n_keep", "n_discard", "n_indent", "min_tokens", "min_keep"])
            table.Refuses(name, IsNumber(0));
        foreach (var name in (string[])["typical_p", "tfs_z", "length_penalty"]) table.Refuses(name, IsNumber(1));
        foreach (var name in (string[])["id_slot", "slot_id", "truncate_prompt_tokens", "prompt_logprobs", "t_max_predict_ms"]) table.Refuses(name, IsNumber(-1));
        foreach (var name in (string[])["cache_prompt", "skip_special_tokens", "spaces_between_special_tokens", "add_generation_prompt"]) table.Refuses(name, IsBoolean(true));
        foreach (var name in (string[])[
            "use_beam_search", "include_stop_str_in_output", "post_sampling_probs", "return_tokens", "return_progress", "timings_per_token",
            "continue_final_message", "add_special_tokens", "return_token_ids", "grammar_lazy"])
            table.Refuses(name, IsBoolean(false));
        foreach (var name in (string[])["stop_token_ids", "bad_words", "lora", "grammar_triggers", "preserved_tokens"]) table.Refuses(name, IsEmptyArray);
        return table
            .Refuses("json_schema", hint: "use 'response_format' in a chat.")
            .Refuses("samplers")
            .Refuses("n_predict", IsNumber(-1), "use 'max_tokens'.")
            .Refuses("options", hint: "that is Ollama's own interface; give its fields, such as 'temperature', by themselves.")
            .Refuses("keep_alive", hint: "the node's owner sets how long an idle model stays loaded (engine.idle_unload_s).")
            .Refuses("extra_body", hint: "put its fields into the request itself.");
    }

    private static Func<JsonElement, bool> IsNumber(double neutral) =>
        value => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number == neutral;

    public static Func<JsonElement, bool> IsBoolean(bool neutral) => value => value.ValueKind == (neutral ? JsonValueKind.True : JsonValueKind.False);

    private static bool IsEmptyArray(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;
}
