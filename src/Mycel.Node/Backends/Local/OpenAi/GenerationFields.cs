using System.Text.Json;
using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>What chats and completions have in common. Absent fields keep llama.cpp's defaults, as its own server does.</summary>
internal abstract class GenerationFields
{
    /// <summary>Most answers to one prompt.</summary>
    public const int MaxAnswers = 16;

    /// <summary>Most entries of <c>logit_bias</c>.</summary>
    public const int MaxBiases = 1024;

    /// <summary>Longest stop text, in characters.</summary>
    public const int MaxStopLength = 1024;

    /// <summary>Longest grammar of a caller, in characters.</summary>
    public const int MaxGrammarLength = 64 * 1024;

    /// <summary>Most of the likeliest tokens told with each token.</summary>
    public const int MaxTopLogProbs = 20;

    private const int MaxLogitBias = 100;

    private string? _maxTokensName;
    private string? _repeatPenaltyName;
    private long? _seed;

    /// <summary>All but the seed, which each answer has of its own.</summary>
    public SamplingSettings Sampling { get; private set; } = new();

    public int? MaxTokens { get; private set; }

    public IReadOnlyList<string> Stop { get; private set; } = [];

    /// <summary>Answers to each prompt.</summary>
    public int Answers { get; private set; } = 1;

    /// <summary>A grammar of the caller's own.</summary>
    public string? Grammar { get; private set; }

    public bool IgnoreEnd { get; private set; }

    /// <summary>Whether the last event of a stream tells the usage, so that the others say that they do not.</summary>
    public bool IncludesUsage { get; private set; }

    /// <summary>The likeliest tokens told with each token; null where no probabilities are asked for.</summary>
    public abstract int? TopLogProbs { get; }

    /// <summary>Whether callers may send grammars, which may cost much time.</summary>
    public required bool AllowsGrammar { get; init; }

    /// <summary>The seed of an answer: the caller's for the first, the following numbers for those after it; null for one at random.</summary>
    public uint? SeedOf(int answer)
    {
        if (_seed is not { } seed) return null;
        var folded = unchecked((uint)(seed ^ (seed >> 32)) + (uint)answer);
        // llama.cpp takes the largest one for "at random".
        return folded == uint.MaxValue ? uint.MaxValue - 1 : folded;
    }

    /// <summary>Puts what chats and completions share into a table.</summary>
    public static FieldTable<T> AddTo<T>(FieldTable<T> table) where T : GenerationFields
    {
        AddSampling(table);
        return table
            .Accepts("model", "stream", "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention")
            .Reads("stream_options", static (f, r) => r.ReadStreamOptions(f))
            .Reads("max_tokens", static (f, r) => r.ReadMaxTokens(f))
            .Reads("stop", static (f, r) => r.ReadStop(f))
            .Reads("n", static (f, r) => r.Answers = (int)f.Integer(1, MaxAnswers))
            .Reads("ignore_eos", static (f, r) => r.IgnoreEnd = f.Boolean())
            .Reads("grammar", static (f, r) => r.ReadGrammar(f));
    }

    private static void AddSampling<T>(FieldTable<T> table) where T : GenerationFields => table
        .Reads("temperature", static (f, r) => r.Sampling = r.Sampling with { Temperature = (float)f.Number(0, 2) })
        .Reads("top_p", static (f, r) => r.Sampling = r.Sampling with { TopP = (float)f.Number(0, 1) })
        .Reads("top_k", static (f, r) => r.Sampling = r.Sampling with { TopK = (int)Math.Max(0, f.Integer(-1, int.MaxValue)) })
        .Reads("min_p", static (f, r) => r.Sampling = r.Sampling with { MinP = (float)f.Number(0, 1) })
        .Reads("presence_penalty", static (f, r) => r.Sampling = r.Sampling with { PresencePenalty = (float)f.Number(-2, 2) })
        .Reads("frequency_penalty", static (f, r) => r.Sampling = r.Sampling with { FrequencyPenalty = (float)f.Number(-2, 2) })
        .Reads("repeat_penalty", static (f, r) => r.ReadRepeatPenalty(f))
        .Reads("repetition_penalty", static (f, r) => r.ReadRepeatPenalty(f))
        .Reads("repeat_last_n", static (f, r) => r.Sampling = r.Sampling with { RepeatLastN = (int)f.Integer(-1, int.MaxValue) })
        .Reads("seed", static (f, r) => r.ReadSeed(f))
        .Reads("logit_bias", static (f, r) => r.ReadLogitBias(f));

    /// <summary>The most tokens, by whichever of its names.</summary>
    protected void ReadMaxTokens(Field field)
    {
        if (_maxTokensName is not null)
            throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"'{field.Name}' and '{_maxTokensName}' mean the same; give one of them.", field.Name);
        _maxTokensName = field.Name;
        // Local servers take -1 for "as many as there is room for".
        if (field.TryWhole(out var whole) && whole == -1) return;
        MaxTokens = (int)Math.Min(int.MaxValue, field.Integer(1, long.MaxValue));
    }

    private void ReadRepeatPenalty(Field field)
    {
        if (_repeatPenaltyName is not null)
            throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"'{field.Name}' and '{_repeatPenaltyName}' mean the same; give one of them.", field.Name);
        _repeatPenaltyName = field.Name;
        var penalty = (float)field.Number(0, 10);
        Sampling = Sampling with { RepeatPenalty = penalty > 0 ? penalty : throw field.OutOfRange("a number above 0, up to 10") };
    }

    private void ReadSeed(Field field)
    {
        if (!field.TryWhole(out var seed))
        {
            if (field.Kind != JsonValueKind.Number || !field.Value.TryGetUInt64(out var large)) throw field.OutOfRange("a whole number of 64 bits");
            seed = unchecked((long)large);
        }
        // llama.cpp's servers and their clients take -1 for "at random".
        _seed = seed == -1 ? null : seed;
    }

    private void ReadStop(Field field)
    {
        if (field.Kind == JsonValueKind.String)
        {
            Stop = [StopText(field)];
            return;
        }
        if (field.Kind != JsonValueKind.Array) throw field.WrongType("a string or an array of strings");
        if (field.Value.GetArrayLength() > GenerationRequest.MaxStops) throw field.OutOfRange($"a string or up to {GenerationRequest.MaxStops} strings");
        Stop = [.. field.Value.EnumerateArray().Select((e, i) => StopText(field.Element(i, e)))];
    }

    private static string StopText(Field field)
    {
        var text = field.Text();
        return text.Length is > 0 and <= MaxStopLength ? text : throw field.OutOfRange($"1 to {MaxStopLength} characters long");
    }

    private void ReadLogitBias(Field field)
    {
        var biases = new List<(int, float)>();
        foreach (var bias in field.Object().EnumerateObject())
        {
            if (biases.Count == MaxBiases) throw field.OutOfRange($"an object of up to {MaxBiases} tokens");
            if (!int.TryParse(bias.Name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var token))
                throw field.OutOfRange("an object whose names are token ids, such as {\"42\": -100}");
            biases.Add((token, (float)field.Inner(bias.Name, bias.Value).Number(-MaxLogitBias, MaxLogitBias)));
        }
        Sampling = Sampling with { LogitBias = biases };
    }

    private void ReadStreamOptions(Field field)
    {
        foreach (var option in field.Object().EnumerateObject())
        {
            var inner = field.Inner(option.Name, option.Value);
            if (inner.IsNull) continue;
            switch (option.Name)
            {
                case "include_usage":
                    IncludesUsage = inner.Boolean();
                    break;
                case "include_obfuscation":
                    if (inner.Boolean()) throw inner.Unsupported("is not supported by local models; leave it out.");
                    break;
                default:
                    throw inner.Unsupported("is no option that local models know; leave it out.");
            }
        }
    }

    private void ReadGrammar(Field field)
    {
        if (!AllowsGrammar)
            throw field.Unsupported("is not allowed on this node: a grammar may cost much time. Its owner can allow it with engine.grammar: true; 'response_format' needs no permission.");
        var grammar = field.Text();
        if (grammar.Length > MaxGrammarLength) throw field.OutOfRange($"up to {MaxGrammarLength} characters long");
        Grammar = grammar.Length == 0 ? null : grammar;
    }
}
