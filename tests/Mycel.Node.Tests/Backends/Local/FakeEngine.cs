using System.Text;
using Mycel.Llama;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>An engine whose answers the test writes; each generation runs on a thread of its own, as the engine's would.</summary>
internal sealed class FakeEngine : ILocalEngine
{
    private readonly TaskCompletionSource<EngineEnd> _ended = new();
    private readonly List<GenerationRequest> _asked = [];

    public LoadedModel Model { get; set; } = new()
    {
        Description = "fake",
        ContextLength = 512,
        TrainedContextLength = 512,
        Slots = 4,
        VocabularySize = 1000,
        EmbeddingLength = 3,
        IsEmbedding = false,
        Device = "CPU",
        LibraryVersion = "0.5.0",
        ChatTemplate = "{{ messages }}",
    };

    public Task<EngineEnd> Ended => _ended.Task;

    /// <summary>What is generated; by default the pieces of <see cref="Pieces"/>.</summary>
    public Action<GenerationRequest, FakeGeneration> Answer { get; set; }

    /// <summary>The texts that the default answer tells one by one.</summary>
    public IReadOnlyList<byte[]> Pieces { get; set; } = [.. new[] { "Hello", ",", " wörld", " 🙂" }.Select(Encoding.UTF8.GetBytes)];

    public Func<EmbeddingRequest, CancellationToken, Task<EmbeddingResult>> Embed { get; set; } =
        (request, _) => Task.FromResult(new EmbeddingResult([.. request.Inputs.Select((_, i) => new[] { i, 0.25f, -1f })], 7 * request.Inputs.Count));

    /// <summary>What it was asked, in order.</summary>
    public IReadOnlyList<GenerationRequest> Asked
    {
        get
        {
            lock (_asked) return [.. _asked];
        }
    }

    /// <summary>Generations that have not ended.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>The most that ran at once.</summary>
    public int MostRunning { get; private set; }

    private int _running;

    public FakeEngine() => Answer = (_, generation) =>
    {
        foreach (var piece in Pieces) generation.Text(piece);
        generation.End();
    };

    public IGeneration Generate(GenerationRequest request, IGenerationSink sink)
    {
        lock (_asked)
        {
            _asked.Add(request);
            _running++;
            MostRunning = Math.Max(MostRunning, _running);
        }
        var generation = new FakeGeneration(sink, () =>
        {
            lock (_asked) _running--;
        });
        new Thread(() => Answer(request, generation)) { IsBackground = true }.Start();
        return generation;
    }

    public Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellation) => Embed(request, cancellation);

    public EngineStatistics ReadStatistics() => new();

    public void Die() => _ended.TrySetResult(new EngineEnd(false, "killed"));

    public ValueTask DisposeAsync() => default;
}

/// <summary>A generation under way, told of by the test.</summary>
internal sealed class FakeGeneration(IGenerationSink sink, Action ended) : IGeneration
{
    private readonly ManualResetEventSlim _cancelled = new();

    /// <summary>Waits until it is cancelled; false when that did not happen in time.</summary>
    public bool WaitForCancel() => _cancelled.Wait(TimeSpan.FromSeconds(20));

    public bool IsCancelled => _cancelled.IsSet;

    public void Cancel() => _cancelled.Set();

    public void Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public void Text(byte[] utf8, IReadOnlyList<TokenLogProb>? logProbs = null) => sink.OnText(utf8, logProbs);

    public void End(FinishReason reason = FinishReason.Stop, EngineFault? fault = null)
    {
        ended();
        sink.OnEnd(new GenerationEnd(reason)
        {
            PromptTokens = 11,
            CompletionTokens = 5,
            CachedTokens = 4,
            Fault = fault,
            PromptTime = TimeSpan.FromMilliseconds(20),
            GenerationTime = TimeSpan.FromMilliseconds(50),
        });
    }

    public void Fail(EngineFaultKind kind, string message = "It broke.", string? param = null) => End(FinishReason.Failed, new EngineFault(kind, message, param));
}
