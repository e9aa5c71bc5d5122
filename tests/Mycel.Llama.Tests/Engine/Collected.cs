using System.Text;

namespace Mycel.Llama.Tests.Engine;

/// <summary>Collects what a generation yields.</summary>
internal sealed class Collected : IGenerationSink
{
    private readonly List<byte> _bytes = [];
    private readonly TaskCompletionSource<GenerationEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<GenerationEnd> End => _end.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    /// <summary>Completes with the first text.</summary>
    public Task First => _first.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public string Text => Encoding.UTF8.GetString([.. _bytes]);

    public List<byte[]> Pieces { get; } = [];

    public List<TokenLogProb> LogProbs { get; } = [];

    public int Ends { get; private set; }

    public void OnStart(int promptTokens, int cachedTokens)
    {
    }

    public void OnText(ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs)
    {
        _bytes.AddRange(utf8);
        Pieces.Add(utf8.ToArray());
        if (logProbs is not null) LogProbs.AddRange(logProbs);
        _first.TrySetResult();
    }

    public void OnEnd(GenerationEnd end)
    {
        Ends++;
        _end.TrySetResult(end);
    }

    /// <summary>Generates and waits for the end.</summary>
    public static async Task<(string Text, GenerationEnd End)> RunAsync(ILocalEngine engine, GenerationRequest request)
    {
        var collected = new Collected();
        engine.Generate(request, collected);
        var end = await collected.End;
        return (collected.Text, end);
    }
}
