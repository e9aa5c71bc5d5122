using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Mycel.Llama.Engine;

/// <summary>
/// Serves many generations on one context. One thread owns the context; each turn of its loop computes one batch: a token for
/// everyone who generates, and as much of the waiting prompts as keeps the turn short. Requests join and leave between turns.
/// </summary>
internal sealed class EngineLoop : IDisposable
{
    /// <summary>Turns in a row that llama.cpp may fail to compute before the engine counts as broken.</summary>
    private const int MaxFailedTurns = 3;

    private readonly LlamaModel _model;
    private readonly LlamaContext _context;
    private readonly SequenceCache _cache;
    private readonly SamplerScratch _scratch = new();
    private readonly PromptPacer _pacer = new();
    private readonly LoopCounters _counters = new();
    private readonly ConcurrentQueue<Generation> _inbox = new();
    private readonly LinkedList<Generation> _waiting = [];
    private readonly List<Generation> _active = [];
    private readonly ArrayBufferWriter<byte> _output = new(256);
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private readonly Action? _stepEnded;
    private readonly int _slots;
    private readonly int _contextLength;
    private readonly int _queueDepth;
    private readonly TaskCompletionSource<EngineEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private volatile bool _isStopping;
    private bool _isDisposed;
    private int _queued;
    private int _running;
    private int _turn;
    private int _failedTurns;
    private long _turnBeganAt;

    /// <param name="model">The model.</param>
    /// <param name="context">Its context; owned by this from here on.</param>
    /// <param name="slots">Generations computed at once.</param>
    /// <param name="contextLength">Tokens that one may use.</param>
    /// <param name="queueDepth">Generations that may wait.</param>
    /// <param name="stepEnded">Called on the engine's thread after each turn that told a sink something.</param>
    public EngineLoop(LlamaModel model, LlamaContext context, int slots, int contextLength, int queueDepth, Action? stepEnded)
    {
        _model = model;
        _context = context;
        _slots = slots;
        _contextLength = contextLength;
        _queueDepth = queueDepth;
        _stepEnded = stepEnded;
        _cache = new SequenceCache(context, model.IsRecurrent);
        _thread = new Thread(Run) { IsBackground = true, Name = "llama" };
        _thread.Start();
    }

    /// <summary>Completes when the loop serves no more.</summary>
    public Task<EngineEnd> Ended => _ended.Task;

    /// <summary>How long the turn under way lasts so far; zero between turns.</summary>
    public TimeSpan TurnTime => Volatile.Read(ref _turnBeganAt) is var began && began == 0 ? default : Stopwatch.GetElapsedTime(began);

    public EngineStatistics ReadStatistics() => _counters.Read() with
    {
        SlotsUsed = Volatile.Read(ref _running),
        Waiting = Math.Max(0, Volatile.Read(ref _queued) - Volatile.Read(ref _running)),
        CacheCells = _context.Cells,
    };

    /// <summary>Takes a request whose fields were checked.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="sink">Who takes the output.</param>
    /// <param name="prompt">The prompt's tokens, at least one.</param>
    /// <param name="grammar">The request's grammar, read; owned by the engine from here on.</param>
    public IGeneration Submit(GenerationRequest request, IGenerationSink sink, int[] prompt, GrammarConstraint? grammar)
    {
        var generation = new Generation(request, sink, prompt, grammar, OnCancel);
        if (Interlocked.Increment(ref _queued) > _slots + _queueDepth)
        {
            Interlocked.Decrement(ref _queued);
            Refuse(generation, new(EngineFaultKind.Busy, $"All {_slots} slots of the model are busy and {_queueDepth} requests wait already. Try again shortly."));
            return generation;
        }
        _inbox.Enqueue(generation);
        // The loop may have ended between the check and the queue: then nobody else would look.
        if (_ended.Task.IsCompleted) DrainAfterEnd();
        else _wake.Set();
        return generation;
    }

    private static void Refuse(Generation generation, EngineFault fault)
    {
        generation.Sink.OnEnd(generation.EndWith(FinishReason.Failed, fault));
        generation.Dispose();
    }

    private void DrainAfterEnd()
    {
        while (_inbox.TryDequeue(out var late)) Refuse(late, LostFault());
    }

    private static EngineFault LostFault() => new(EngineFaultKind.Lost, "The model was unloaded while the request waited or ran. Send it again.");

    private void OnCancel(Generation generation)
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            // A long prompt that is read for one request alone need not be read to the end of the batch.
            if (Volatile.Read(ref _running) == 1 && generation.Sequence is not null) _context.Abort = true;
        }
        _wake.Set();
    }

    private void Run()
    {
        var end = new EngineEnd(true, "the model was unloaded");
        try
        {
            while (!_isStopping)
            {
                var began = Stopwatch.GetTimestamp();
                Volatile.Write(ref _turnBeganAt, began);
                var didSomething = Step();
                Volatile.Write(ref _turnBeganAt, 0);
                if (didSomething) _counters.AddStepTime(Stopwatch.GetTimestamp() - began);
                else _wake.WaitOne();
            }
        }
        catch (Exception defect)
        {
            end = new EngineEnd(false, $"the engine broke: {defect.Message}");
        }
        Volatile.Write(ref _turnBeganAt, 0);
        _ended.TrySetResult(end);
        foreach (var generation in _active.ToArray()) Finish(generation, FinishReason.Failed, LostFault());
        foreach (var generation in _waiting) Refuse(generation, LostFault());
        _waiting.Clear();
        DrainAfterEnd();
        _stepEnded?.Invoke();
    }

    /// <summary>One turn.</summary>
    /// <returns>False when there was nothing to do.</returns>
    private bool Step()
    {
        while (_inbox.TryDequeue(out var generation)) _waiting.AddLast(generation);
        var told = FinishCancelled();
        while (_active.Count < _slots && _waiting.First is { } next && TryPlace(next.Value))
        {
            _waiting.Remove(next);
            told = true;
        }
        FillBatch();
        if (_context.Count == 0)
        {
            if (told) _stepEnded?.Invoke();
            return told;
        }
        Compute();
        _stepEnded?.Invoke();
        return true;
    }

    private bool FinishCancelled()
    {
        var any = false;
        for (var i = _active.Count - 1; i >= 0; i--)
        {
            if (!_active[i].IsCancelled) continue;
            Finish(_active[i], FinishReason.Cancelled);
            any = true;
        }
        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.IsCancelled)
            {
                _waiting.Remove(node);
                Interlocked.Decrement(ref _queued);
                node.Value.Sink.OnEnd(node.Value.EndWith(FinishReason.Cancelled));
                node.Value.Dispose();
                any = true;
            }
            node = next;
        }
        return any;
    }

    /// <summary>Gives a waiting request a slot, if there is room for its prompt beside the running ones.</summary>
    private bool TryPlace(Generation generation)
    {
        if (_active.Count > 0 && _active.Sum(g => Math.Max(g.Tokens.Length, g.Sequence!.Count) + 1) + generation.Tokens.Length > _context.Cells) return false;
        if (_cache.Take(generation.Tokens, generation) is not { } sequence) return false;
        generation.Sequence = sequence;
        _active.Add(generation);
        Volatile.Write(ref _running, _active.Count);
        if (generation.HasStarted) return true;
        generation.HasStarted = true;
        generation.Cached = sequence.Count;
        generation.StartedAt = Stopwatch.GetTimestamp();
        generation.Sampler = new TokenSampler(generation.Request.Sampling, generation.Request.Sampling.Seed ?? (uint)Random.Shared.NextInt64(0, uint.MaxValue), _scratch);
        _counters.AddCachedTokens(sequence.Count);
        generation.Sink.OnStart(generation.PromptCount, sequence.Count);
        return true;
    }

    /// <summary>A token of everyone who generates, then pieces of prompts, in turns.</summary>
    private void FillBatch()
    {
        _context.Clear();
        var generating = 0;
        var reading = 0;
        foreach (var generation in _active)
        {
            generation.OutputIndex = -1;
            if (generation.IsReading) reading++;
            else if (generation.Pending >= 0)
            {
                var sequence = generation.Sequence!;
                generation.OutputIndex = _context.Add(generation.Pending, sequence.Count, sequence.Id, wantsOutput: true);
                sequence.Append(generation.Pending);
                generation.Pending = -1;
                generating++;
            }
        }
        if (reading > 0) AddPrompts(generating, reading);
    }

    private void AddPrompts(int generating, int reading)
    {
        var budget = _pacer.Budget(_context.BatchSize - _context.Count, generating);
        _turn++;
        for (var i = 0; i < _active.Count && budget > 0; i++)
        {
            var generation = _active[(i + _turn) % _active.Count];
            if (!generation.IsReading) continue;
            // An equal share of what is left; what the short ones do not need goes to those behind them.
            var share = Math.Max(1, budget / reading--);
            var sequence = generation.Sequence!;
            var count = Math.Min(Math.Min(share, budget), generation.Tokens.Length - sequence.Count);
            for (var n = 0; n < count; n++)
            {
                var token = generation.Tokens[sequence.Count];
                var isLast = sequence.Count + 1 == generation.Tokens.Length;
                var index = _context.Add(token, sequence.Count, sequence.Id, isLast);
                sequence.Append(token);
                if (isLast) generation.OutputIndex = index;
            }
            budget -= count;
            _counters.AddPromptTokens(count);
        }
    }

    private void Compute()
    {
        var before = Stopwatch.GetTimestamp();
        var result = _context.Decode();
        var after = Stopwatch.GetTimestamp();
        _counters.AddStep(after - before);
        switch (result)
        {
            case DecodeResult.Done:
                _failedTurns = 0;
                _pacer.Measure(_context.Count, _active.Count, Stopwatch.GetElapsedTime(before, after));
                TakeOutputs();
                _counters.AddSampleTime(Stopwatch.GetTimestamp() - after);
                if ((_counters.Steps & 15) == 0) _counters.SetCellsUsed(_cache.TokensHeld);
                break;
            case DecodeResult.Aborted:
                _context.Abort = false;
                _cache.Recount();
                TakeBack();
                break;
            case DecodeResult.NoRoom:
                _cache.Recount();
                TakeBack();
                MakeRoom();
                break;
            default:
                var fault = new EngineFault(EngineFaultKind.Lost, "llama.cpp failed to compute. Send the request again.");
                foreach (var generation in _active.ToArray()) Finish(generation, FinishReason.Failed, fault);
                _cache.ClearAll();
                if (++_failedTurns >= MaxFailedTurns) throw new InvalidOperationException($"llama.cpp failed to compute {_failedTurns} times in a row");
                break;
        }
    }

    /// <summary>The batch was not computed whole: tokens that were generated and did not reach the cache are read again as if they were prompt.</summary>
    private void TakeBack()
    {
        foreach (var generation in _active)
        {
            generation.ReadAgain();
            _cache.LeaveSomeToCompute(generation.Sequence!, generation.Tokens.Length);
        }
    }

    /// <summary>The cache is full: what is only kept goes first, then the youngest request waits for its turn again.</summary>
    private void MakeRoom()
    {
        if (_cache.TryEvict()) return;
        if (_active.Count == 0) return;
        var youngest = _active[^1];
        if (_active.Count == 1)
        {
            Finish(youngest, FinishReason.Failed, new(EngineFaultKind.TooLong, $"The request needs more than the {_context.Cells} tokens of context there are."));
            return;
        }
        _counters.AddPreemption();
        var sequence = youngest.Sequence!;
        _cache.Clear(sequence);
        _cache.Release(sequence);
        youngest.Sequence = null;
        _active.RemoveAt(_active.Count - 1);
        Volatile.Write(ref _running, _active.Count);
        _waiting.AddFirst(youngest);
    }

    private void TakeOutputs()
    {
        for (var i = _active.Count - 1; i >= 0; i--)
        {
            var generation = _active[i];
            if (generation.OutputIndex >= 0) TakeOutput(generation);
        }
    }

    private void TakeOutput(Generation generation)
    {
        var logits = _context.Logits(generation.OutputIndex);
        var request = generation.Request;
        if (request.IgnoreEnd) ForbidEnd(logits);
        var normaliser = request.TopLogProbs is null ? 0 : LogProbs.Normaliser(logits);
        var top = request.TopLogProbs is { } count ? LogProbs.Top(_model, logits, normaliser, count, _scratch) : null;
        var raw = top is null ? null : logits.ToArray();
        var token = generation.Sampler!.Sample(logits, generation.Sequence!.Tokens, generation.Grammar);
        if (generation.FirstTokenAt == 0) generation.FirstTokenAt = Stopwatch.GetTimestamp();
        if (token < 0)
        {
            TakeDeadEnd(generation);
            return;
        }
        generation.Generated++;
        _counters.AddGeneratedToken();
        if (_model.IsEnd(token))
        {
            EndText(generation, FinishReason.Stop);
            return;
        }
        // The sampler asked the grammar about this very token.
        generation.Grammar?.TryAccept(token);
        if (top is not null) generation.Hold(new TokenLogProb(_model.Piece(token, showControl: true), LogProbs.Of(raw![token], normaliser), top));
        Show(generation, token);
    }

    /// <summary>The grammar leaves no token. Where the model's own end was forbidden, that is the end; else what was written is not what was asked for.</summary>
    private void TakeDeadEnd(Generation generation)
    {
        if (generation.Request.IgnoreEnd) EndText(generation, FinishReason.Stop);
        else Finish(generation, FinishReason.Failed, new(EngineFaultKind.BadRequest, "The grammar or schema leaves nothing that this model could write next. Allow more in it.", "grammar"));
    }

    private void ForbidEnd(Span<float> logits)
    {
        for (var token = 0; token < logits.Length; token++)
        {
            if (_model.IsEnd(token)) logits[token] = float.NegativeInfinity;
        }
    }

    private void Show(Generation generation, int token)
    {
        var piece = _model.Piece(token, generation.Request.ShowControlTokens);
        if (generation.Trigger?.Push(piece) is { } begun) BeginGrammar(generation, begun);
        _output.ResetWrittenCount();
        var goesOn = generation.Text.Push(piece, _output);
        Tell(generation);
        if (!goesOn) Finish(generation, FinishReason.Stop);
        else if (generation.Generated >= generation.Request.MaxTokens || generation.Sequence!.Count + 1 >= _contextLength) EndText(generation, FinishReason.Length);
        else generation.Continue(token);
    }

    private void Tell(Generation generation)
    {
        if (_output.WrittenCount > 0) generation.Sink.OnText(_output.WrittenSpan, generation.TakeLogProbs());
    }

    /// <summary>Lets a grammar bind from the trigger on: what was generated of it is read anew in any tokens, as the grammar looks at their text only.</summary>
    private void BeginGrammar(Generation generation, byte[] begun)
    {
        var grammar = generation.Trigger!.Grammar;
        generation.BeginGrammar(binds: _model.Tokenize(Encoding.UTF8.GetString(begun), addSpecial: false, parseSpecial: true).All(grammar.TryAccept));
    }

    private void EndText(Generation generation, FinishReason reason)
    {
        _output.ResetWrittenCount();
        generation.Text.End(_output);
        var logProbs = generation.TakeLogProbs();
        if (_output.WrittenCount > 0 || logProbs is not null) generation.Sink.OnText(_output.WrittenSpan, logProbs);
        Finish(generation, reason);
    }

    private void Finish(Generation generation, FinishReason reason, EngineFault? fault = null)
    {
        _active.Remove(generation);
        Volatile.Write(ref _running, _active.Count);
        Interlocked.Decrement(ref _queued);
        if (generation.Sequence is { } sequence) _cache.Release(sequence);
        generation.Sequence = null;
        generation.Sink.OnEnd(generation.EndWith(reason, fault));
        generation.Dispose();
    }

    /// <summary>Ends all that runs and waits, and frees the context.</summary>
    public void Dispose()
    {
        if (_isStopping) return;
        _isStopping = true;
        _context.Abort = true;
        _wake.Set();
        _thread.Join();
        lock (_gate)
        {
            _isDisposed = true;
            _context.Dispose();
        }
    }
}
