using System.Diagnostics;

namespace Mycel.Llama.Engine;

/// <summary>What an engine's loop did since its start. Written by the loop's thread, read by any.</summary>
internal sealed class LoopCounters
{
    private long _steps;
    private long _promptTokens;
    private long _cachedTokens;
    private long _generatedTokens;
    private long _decodeTicks;
    private long _sampleTicks;
    private long _stepTicks;
    private long _preemptions;
    private int _cellsUsed;

    public long Steps => Volatile.Read(ref _steps);

    public void AddStep(long decodeTicks)
    {
        Volatile.Write(ref _decodeTicks, _decodeTicks + decodeTicks);
        Volatile.Write(ref _steps, _steps + 1);
    }

    public void AddStepTime(long ticks) => Volatile.Write(ref _stepTicks, _stepTicks + ticks);

    public void AddSampleTime(long ticks) => Volatile.Write(ref _sampleTicks, _sampleTicks + ticks);

    public void AddPromptTokens(int count) => Volatile.Write(ref _promptTokens, _promptTokens + count);

    public void AddCachedTokens(int count) => Volatile.Write(ref _cachedTokens, _cachedTokens + count);

    public void AddGeneratedToken() => Volatile.Write(ref _generatedTokens, _generatedTokens + 1);

    public void AddPreemption() => Volatile.Write(ref _preemptions, _preemptions + 1);

    public void SetCellsUsed(int cells) => Volatile.Write(ref _cellsUsed, cells);

    public EngineStatistics Read() => new()
    {
        CacheCellsUsed = Volatile.Read(ref _cellsUsed),
        Steps = Steps,
        PromptTokens = Volatile.Read(ref _promptTokens),
        CachedTokens = Volatile.Read(ref _cachedTokens),
        GeneratedTokens = Volatile.Read(ref _generatedTokens),
        DecodeTime = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _decodeTicks)),
        SampleTime = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _sampleTicks)),
        StepTime = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _stepTicks)),
        Preemptions = Volatile.Read(ref _preemptions),
    };
}
