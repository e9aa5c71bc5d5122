using System.Diagnostics;

namespace Mycel.Llama.Engine;

/// <summary>One request in the engine. All but <see cref="Cancel"/> belongs to the engine's thread.</summary>
internal sealed class Generation : IGeneration, IDisposable
{
    private readonly Action<Generation> _onCancel;
    private readonly int[] _prompt;
    private readonly List<int> _output = [];
    private List<TokenLogProb>? _heldLogProbs;
    private volatile bool _isCancelled;

    /// <param name="request">What was asked; checked.</param>
    /// <param name="sink">Who takes the output.</param>
    /// <param name="prompt">Its tokens, at least one.</param>
    /// <param name="grammar">What the output must follow, from its start or from a trigger on; null where it is free.</param>
    /// <param name="onCancel">Wakes the engine.</param>
    public Generation(GenerationRequest request, IGenerationSink sink, int[] prompt, GrammarConstraint? grammar, Action<Generation> onCancel)
    {
        Request = request;
        Sink = sink;
        _prompt = prompt;
        Tokens = prompt;
        Text = new OutputText(request.Stop);
        if (grammar is not null && request.GrammarTriggers.Count > 0) Trigger = new GrammarTrigger(request.GrammarTriggers, grammar);
        else Grammar = grammar;
        _onCancel = onCancel;
    }

    public GenerationRequest Request { get; }

    public IGenerationSink Sink { get; }

    /// <summary>The tokens to be read before the next is generated: the prompt, and after an interruption what was generated as well.</summary>
    public int[] Tokens { get; private set; }

    /// <summary>Tokens of the prompt as it was asked.</summary>
    public int PromptCount => _prompt.Length;

    public OutputText Text { get; }

    public TokenSampler? Sampler { get; set; }

    /// <summary>What the output must follow from here on; null while it is free.</summary>
    public GrammarConstraint? Grammar { get; private set; }

    /// <summary>The grammar that waits for the text that lets it begin; null where none waits.</summary>
    public GrammarTrigger? Trigger { get; private set; }

    public CachedSequence? Sequence { get; set; }

    /// <summary>The token generated last, not yet computed; -1 when there is none.</summary>
    public int Pending { get; set; } = -1;

    /// <summary>Where its output is in the batch; -1 when it has none.</summary>
    public int OutputIndex { get; set; } = -1;

    public int Generated { get; set; }

    public int Cached { get; set; }

    public bool HasStarted { get; set; }

    public bool IsCancelled => _isCancelled;

    /// <summary>Whether tokens of the prompt are still to be computed.</summary>
    public bool IsReading => Sequence is { } sequence && sequence.Count < Tokens.Length;

    /// <summary>When it got its first slot, in <see cref="Stopwatch"/> ticks.</summary>
    public long StartedAt { get; set; }

    public long FirstTokenAt { get; set; }

    public void Cancel()
    {
        if (_isCancelled) return;
        _isCancelled = true;
        _onCancel(this);
    }

    /// <summary>Goes on with a token that was generated.</summary>
    public void Continue(int token)
    {
        _output.Add(token);
        Pending = token;
    }

    /// <summary>A batch was not computed whole, or its place was lost: what was generated is to be read again as if it were prompt.</summary>
    public void ReadAgain()
    {
        if (_output.Count > 0) Tokens = [.. _prompt, .. _output];
        Pending = -1;
        OutputIndex = -1;
    }

    /// <summary>The trigger has come: lets its grammar bind, or drops it where the output went another way before the grammar could say so.</summary>
    public void BeginGrammar(bool binds)
    {
        if (binds) Grammar = Trigger!.Grammar;
        else Trigger!.Dispose();
        Trigger = null;
    }

    /// <summary>Keeps a token's probabilities until its text is shown.</summary>
    public void Hold(TokenLogProb logProb) => (_heldLogProbs ??= []).Add(logProb);

    /// <summary>The probabilities that go with the text about to be shown; null where none were asked for.</summary>
    public IReadOnlyList<TokenLogProb>? TakeLogProbs()
    {
        var held = _heldLogProbs;
        _heldLogProbs = null;
        return held;
    }

    /// <summary>How it ended.</summary>
    public GenerationEnd EndWith(FinishReason reason, EngineFault? fault = null)
    {
        var now = Stopwatch.GetTimestamp();
        return new GenerationEnd(reason)
        {
            PromptTokens = PromptCount,
            CompletionTokens = Generated,
            CachedTokens = Cached,
            StopString = Text.Stopped,
            Fault = fault,
            PromptTime = StartedAt == 0 ? default : Stopwatch.GetElapsedTime(StartedAt, FirstTokenAt == 0 ? now : FirstTokenAt),
            GenerationTime = FirstTokenAt == 0 ? default : Stopwatch.GetElapsedTime(FirstTokenAt, now),
        };
    }

    public void Dispose()
    {
        Grammar?.Dispose();
        Trigger?.Dispose();
    }
}
