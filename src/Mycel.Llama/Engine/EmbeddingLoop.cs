using System.Collections.Concurrent;
using System.Diagnostics;

namespace Mycel.Llama.Engine;

/// <summary>Embeds texts on one context, several in a batch. One thread owns the context.</summary>
internal sealed class EmbeddingLoop : IDisposable
{
    /// <summary>Tokens that may wait, of all requests together; one alone may have more.</summary>
    private const long MaxWaitingTokens = 8 * 1024 * 1024;

    private const int MaxFailedTurns = 3;

    private readonly LlamaModel _model;
    private readonly LlamaContext _context;
    private readonly BlockingCollection<Job> _jobs;
    private readonly Thread _thread;
    private readonly TaskCompletionSource<EngineEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _longest;
    private long _steps;
    private long _tokens;
    private long _decodeTicks;
    private long _turnBeganAt;
    private long _waitingTokens;
    private int _waitingJobs;
    private int _failedTurns;
    private int _isRunning;
    private int _isDisposed;

    private sealed class Job(int[][] texts, CancellationToken cancellation)
    {
        public int[][] Texts { get; } = texts;

        public int Tokens { get; } = texts.Sum(t => t.Length);

        public CancellationToken Cancellation { get; } = cancellation;

        public TaskCompletionSource<EmbeddingResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <param name="model">The model.</param>
    /// <param name="context">Its context, made for embeddings; owned by this from here on.</param>
    /// <param name="longest">Most tokens of a text.</param>
    /// <param name="queueDepth">Requests that may wait.</param>
    public EmbeddingLoop(LlamaModel model, LlamaContext context, int longest, int queueDepth)
    {
        _model = model;
        _context = context;
        _longest = longest;
        _jobs = new BlockingCollection<Job>(Math.Max(1, queueDepth));
        _thread = new Thread(Run) { IsBackground = true, Name = "llama" };
        _thread.Start();
    }

    public Task<EngineEnd> Ended => _ended.Task;

    /// <summary>How long the batch under way lasts so far; zero between batches.</summary>
    public TimeSpan TurnTime => Volatile.Read(ref _turnBeganAt) is var began && began == 0 ? default : Stopwatch.GetElapsedTime(began);

    public EngineStatistics ReadStatistics() => new()
    {
        SlotsUsed = Volatile.Read(ref _isRunning),
        Waiting = Volatile.Read(ref _waitingJobs),
        CacheCells = _context.Cells,
        Steps = Volatile.Read(ref _steps),
        PromptTokens = Volatile.Read(ref _tokens),
        DecodeTime = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _decodeTicks)),
        StepTime = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _decodeTicks)),
    };

    public Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellation)
    {
        var texts = new int[request.Inputs.Count][];
        for (var i = 0; i < texts.Length; i++) texts[i] = TokensOf(request.Inputs[i], i);
        var job = new Job(texts, cancellation);
        Interlocked.Increment(ref _waitingJobs);
        var tokens = Interlocked.Add(ref _waitingTokens, job.Tokens);
        try
        {
            if ((tokens <= MaxWaitingTokens || tokens == job.Tokens) && _jobs.TryAdd(job)) return job.Result.Task;
        }
        catch (InvalidOperationException)
        {
            NoLongerWaits(job);
            throw new EngineException(LostFault());
        }
        NoLongerWaits(job);
        throw new EngineException(new(EngineFaultKind.Busy, "Too many requests for embeddings wait already. Try again shortly."));
    }

    private void NoLongerWaits(Job job)
    {
        Interlocked.Decrement(ref _waitingJobs);
        Interlocked.Add(ref _waitingTokens, -job.Tokens);
    }

    private int[] TokensOf(EmbeddingInput input, int index)
    {
        var tokens = input.Tokens is { } given ? [.. given] : _model.Tokenize(input.Text ?? "", addSpecial: true, parseSpecial: false);
        if (tokens.Length == 0) throw new EngineException(new(EngineFaultKind.BadRequest, $"Text {index} of 'input' is empty.", "input"));
        if (tokens.Length > _longest) throw new EngineException(new(EngineFaultKind.TooLong, $"Text {index} of 'input' has {tokens.Length} tokens; this model takes {_longest} at most. Split the text.", "input"));
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)_model.VocabularySize) throw new EngineException(new(EngineFaultKind.BadRequest, $"'input' holds the token {token}; this model's go from 0 to {_model.VocabularySize - 1}.", "input"));
        }
        return tokens;
    }

    private static EngineFault LostFault() => new(EngineFaultKind.Lost, "The model was unloaded while the request waited or ran. Send it again.");

    private void Run()
    {
        var end = new EngineEnd(true, "the model was unloaded");
        try
        {
            foreach (var job in _jobs.GetConsumingEnumerable())
            {
                NoLongerWaits(job);
                Volatile.Write(ref _isRunning, 1);
                Serve(job);
                Volatile.Write(ref _isRunning, 0);
            }
        }
        catch (Exception defect)
        {
            end = new EngineEnd(false, $"the engine broke: {defect.Message}");
        }
        _ended.TrySetResult(end);
        _jobs.CompleteAdding();
        while (_jobs.TryTake(out var late)) late.Result.TrySetException(new EngineException(LostFault()));
    }

    private void Serve(Job job)
    {
        try
        {
            var vectors = new float[job.Texts.Length][];
            for (var next = 0; next < vectors.Length;)
            {
                if (job.Cancellation.IsCancellationRequested)
                {
                    job.Result.TrySetCanceled(job.Cancellation);
                    return;
                }
                next = EmbedSome(job.Texts, next, vectors);
            }
            _failedTurns = 0;
            job.Result.TrySetResult(new EmbeddingResult(vectors, job.Tokens));
        }
        catch (EngineException error)
        {
            job.Result.TrySetException(error);
            if (++_failedTurns >= MaxFailedTurns) throw new InvalidOperationException($"llama.cpp failed to compute {_failedTurns} times in a row", error);
        }
        catch (Exception defect)
        {
            job.Result.TrySetException(new EngineException(LostFault(), defect));
            throw;
        }
    }

    /// <summary>Embeds as many texts as fit into one batch.</summary>
    /// <returns>The index of the first that did not.</returns>
    private int EmbedSome(int[][] texts, int first, float[][] vectors)
    {
        _context.Clear();
        var end = first;
        while (end < texts.Length && end - first < _context.Sequences && _context.Count + texts[end].Length <= _context.BatchSize)
        {
            for (var position = 0; position < texts[end].Length; position++) _context.Add(texts[end][position], position, end - first, wantsOutput: true);
            end++;
        }
        var before = Stopwatch.GetTimestamp();
        Volatile.Write(ref _turnBeganAt, before);
        var result = _model is { HasEncoder: true, HasDecoder: false } ? _context.Encode() : _context.Decode();
        Volatile.Write(ref _decodeTicks, _decodeTicks + Stopwatch.GetTimestamp() - before);
        Volatile.Write(ref _turnBeganAt, 0);
        Volatile.Write(ref _steps, _steps + 1);
        Volatile.Write(ref _tokens, _tokens + _context.Count);
        if (result != DecodeResult.Done)
        {
            _context.ForgetAll();
            throw new EngineException(new(EngineFaultKind.Lost, "llama.cpp failed to compute the embeddings. Send the request again."));
        }
        for (var i = first; i < end; i++) vectors[i] = Normalise(_context.SequenceEmbedding(i - first));
        _context.ForgetAll();
        return end;
    }

    private static float[] Normalise(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (var value in values) sum += (double)value * value;
        var scale = sum > 0 ? 1 / Math.Sqrt(sum) : 0;
        var result = new float[values.Length];
        for (var i = 0; i < result.Length; i++) result[i] = (float)(values[i] * scale);
        return result;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        _jobs.CompleteAdding();
        // What waits is not worth waiting for.
        while (_jobs.TryTake(out var waiting)) waiting.Result.TrySetException(new EngineException(LostFault()));
        _context.Abort = true;
        _thread.Join();
        _context.Dispose();
        _jobs.Dispose();
    }
}
