using Mycel.Llama.Engine;
using Mycel.Llama.Native;

namespace Mycel.Llama;

/// <summary>
/// The engine on llama.cpp in this process. A failed assertion inside llama.cpp ends the process, so a program that must live on
/// runs it in a child process (<see cref="Remote.EngineHost"/>) instead.
/// </summary>
public sealed class LlamaEngine : ILocalEngine
{
    /// <summary>Most slots of an engine.</summary>
    public const int MaxSlots = 64;

    private const int BatchTokens = 512;

    /// <summary>Longest text that is embedded, in tokens; the memory for a batch grows with it.</summary>
    private const int MaxEmbeddingTokens = 2048;

    private const int EmbeddingSequences = 32;

    private readonly LlamaModel _model;
    private readonly EngineLoop? _generations;
    private readonly EmbeddingLoop? _embeddings;

    private LlamaEngine(LlamaModel model, LoadedModel loaded, EngineLoop? generations, EmbeddingLoop? embeddings)
    {
        _model = model;
        Model = loaded;
        _generations = generations;
        _embeddings = embeddings;
    }

    public LoadedModel Model { get; }

    public Task<EngineEnd> Ended => _generations?.Ended ?? _embeddings!.Ended;

    /// <summary>Loads the libraries, where they are not yet, and a model. Takes as long as the file is large.</summary>
    /// <param name="options">What to load and how.</param>
    /// <param name="progress">Told how much is loaded, 0 to 1; returns false to give up.</param>
    /// <param name="stepEnded">Called on the engine's thread when all that one turn yields was told to the sinks.</param>
    /// <exception cref="LlamaLibraryException">The libraries cannot be used.</exception>
    /// <exception cref="EngineException">The model cannot be loaded.</exception>
    public static LlamaEngine Load(EngineOptions options, Func<float, bool>? progress = null, Action? stepEnded = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Slots, MaxSlots);
        LlamaRuntime.Load(options.LibraryFolder);
        var isEmbedding = Gguf.ModelFacts.Read(options.ModelPath).IsEmbedding;
        var model = LlamaModel.Load(options.ModelPath, options.GpuLayers, progress);
        try
        {
            if (model.IsDiffusion || (model.HasEncoder && !isEmbedding)) throw new EngineException(new(EngineFaultKind.BadRequest, $"{Path.GetFileName(options.ModelPath)} is of a kind that this engine does not serve ({model.Description}): it neither writes token by token nor embeds."));
            return isEmbedding ? ForEmbeddings(model, options) : ForGeneration(model, options, stepEnded);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static LlamaEngine ForGeneration(LlamaModel model, EngineOptions options, Action? stepEnded)
    {
        var threads = options.Threads ?? DefaultThreads();
        var length = options.ContextLength ?? model.TrainedContextLength;
        var cells = Math.Max(length, options.CacheCells ?? length * options.Slots);
        var context = new LlamaContext(model, cells, SequencesFor(options.Slots, model.IsRecurrent), options.Slots, BatchTokens, threads, embeddings: false);
        var loop = new EngineLoop(model, context, options.Slots, Math.Min(length, context.Cells), options.QueueDepth, stepEnded);
        return new LlamaEngine(model, Describe(model, Math.Min(length, context.Cells), options.Slots, threads, isEmbedding: false), loop, null);
    }

    /// <summary>Sequences of a context: as many again as slots are kept for beginnings to come back to; a state that cannot be shared is kept for the slots alone.</summary>
    internal static int SequencesFor(int slots, bool isRecurrent) => isRecurrent ? slots : Math.Max(slots + 4, 2 * slots);

    private static LlamaEngine ForEmbeddings(LlamaModel model, EngineOptions options)
    {
        var threads = options.Threads ?? DefaultThreads();
        var longest = Math.Min(Math.Min(options.ContextLength ?? int.MaxValue, model.TrainedContextLength), MaxEmbeddingTokens);
        var batch = Math.Max(longest, BatchTokens);
        var context = new LlamaContext(model, batch, EmbeddingSequences, batch, batch, threads, embeddings: true);
        if (context.Pooling is 0 or 4)
        {
            var what = context.Pooling == 4 ? "ranks texts rather than embedding them" : "gives a vector for each token but none for a text";
            context.Dispose();
            throw new EngineException(new(EngineFaultKind.BadRequest, $"{Path.GetFileName(options.ModelPath)} {what}, which this engine does not serve."));
        }
        return new LlamaEngine(model, Describe(model, longest, options.Slots, threads, isEmbedding: true), null, new EmbeddingLoop(model, context, longest, options.QueueDepth));
    }

    private static LoadedModel Describe(LlamaModel model, int contextLength, int slots, int threads, bool isEmbedding) => new()
    {
        Description = model.Description,
        ContextLength = contextLength,
        TrainedContextLength = model.TrainedContextLength,
        Slots = slots,
        VocabularySize = model.VocabularySize,
        EmbeddingLength = model.EmbeddingLength,
        IsEmbedding = isEmbedding,
        ChatTemplate = model.Template(null),
        ToolChatTemplate = model.Template("tool_use"),
        BosToken = model.BosToken,
        AddsBos = model.AddsBos,
        AddsEos = model.AddsEos,
        EosToken = model.EosToken,
        Device = (LlamaRuntime.Devices.FirstOrDefault(d => d.IsGpu) ?? LlamaRuntime.Devices[0]).Name,
        LibraryVersion = LlamaRuntime.Version,
        Threads = threads,
    };

    /// <summary>One core is left to the rest of the machine: llama.cpp's threads wait for each other spinning, so one that is held up holds up all.</summary>
    private static int DefaultThreads() => Math.Max(1, ProcessorCores.Physical() - 1);

    public IGeneration Generate(GenerationRequest request, IGenerationSink sink)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(sink);
        int[] prompt;
        var fault = _generations is null
            ? new EngineFault(EngineFaultKind.BadRequest, "This model embeds texts; it does not write any. Ask /v1/embeddings.", "model")
            : RequestCheck.Check(request, Model.VocabularySize);
        GrammarConstraint? grammar = null;
        if (fault is null && TryTokenize(request, out prompt, out fault) && TryReadGrammar(request, out grammar, out fault)) return _generations!.Submit(request, sink, prompt, grammar);
        sink.OnEnd(new GenerationEnd(FinishReason.Failed) { Fault = fault });
        return EndedGeneration.Instance;
    }

    /// <summary>Reads the grammar here, on the caller's thread: a large one would hold up everyone on the engine's.</summary>
    private bool TryReadGrammar(GenerationRequest request, out GrammarConstraint? grammar, out EngineFault? fault)
    {
        fault = null;
        grammar = request.Grammar is { } text ? GrammarConstraint.Parse(_model, text) : null;
        if (grammar is null && request.Grammar is not null) fault = new(EngineFaultKind.BadRequest, "llama.cpp cannot read the grammar.", "grammar");
        return fault is null;
    }

    private bool TryTokenize(GenerationRequest request, out int[] prompt, out EngineFault? fault)
    {
        prompt = [];
        fault = null;
        try
        {
            prompt = request.PromptTokens is { } tokens ? [.. tokens] : _model.Tokenize(request.Prompt ?? "", addSpecial: true, request.ParseSpecial);
        }
        catch (EngineException error)
        {
            fault = error.Fault;
            return false;
        }
        foreach (var token in prompt)
        {
            if ((uint)token < (uint)Model.VocabularySize) continue;
            fault = new(EngineFaultKind.BadRequest, $"The prompt holds the token {token}; this model's go from 0 to {Model.VocabularySize - 1}.", "prompt");
            return false;
        }
        if (prompt.Length == 0) fault = new(EngineFaultKind.BadRequest, "The prompt is empty.", "prompt");
        else if (prompt.Length >= Model.ContextLength)
            fault = new(EngineFaultKind.TooLong, $"The prompt has {prompt.Length} tokens; this model's context holds {Model.ContextLength}, the answer included. Shorten it, or load the model with a larger context.", "messages");
        return fault is null;
    }

    public Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_embeddings is null) throw new EngineException(new(EngineFaultKind.BadRequest, "This model writes text; it gives no embeddings. Load an embedding model and ask that one.", "model"));
        if (request.Inputs.Count is 0 or > EmbeddingRequest.MaxInputs) throw new EngineException(new(EngineFaultKind.BadRequest, $"'input' must hold 1 to {EmbeddingRequest.MaxInputs} texts.", "input"));
        return _embeddings.EmbedAsync(request, cancellation);
    }

    /// <summary>How long the computation under way lasts so far; zero while nothing is computed.</summary>
    public TimeSpan TurnTime => _generations?.TurnTime ?? _embeddings!.TurnTime;

    public EngineStatistics ReadStatistics() => (_generations?.ReadStatistics() ?? _embeddings!.ReadStatistics()) with { ProcessBytes = Environment.WorkingSet };

    public ValueTask DisposeAsync()
    {
        _generations?.Dispose();
        _embeddings?.Dispose();
        _model.Dispose();
        return default;
    }

    /// <summary>A generation that was over before it began.</summary>
    private sealed class EndedGeneration : IGeneration
    {
        public static EndedGeneration Instance { get; } = new();

        public void Cancel()
        {
        }
    }
}
