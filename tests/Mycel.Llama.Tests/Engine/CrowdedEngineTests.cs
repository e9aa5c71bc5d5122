namespace Mycel.Llama.Tests.Engine;

/// <summary>Engines with too little room for what is asked of them.</summary>
public sealed class CrowdedEngineTests
{
    private static GenerationRequest Story(int tokens, string prompt = "It is a truth universally acknowledged, that") =>
        new() { Prompt = prompt, MaxTokens = tokens, IgnoreEnd = true, Sampling = new() { Temperature = 0 } };

    [Fact]
    public async Task Requests_that_together_need_more_cache_than_there_is_all_end_whole()
    {
        // Four slots share the cache of one: they outgrow it, the youngest wait and go on where they were.
        await using var engine = LlamaEngine.Load(TestModels.TinyOptions with { CacheCells = 512 });
        var runs = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Collected.RunAsync(engine, Story(220))));

        Assert.True(engine.ReadStatistics().Preemptions > 0);
        foreach (var (text, end) in runs)
        {
            Assert.Equal((FinishReason.Length, 220), (end.Reason, end.CompletionTokens));
            // What was written before an interruption is neither lost nor said again: the greedy story of this model has no two equal stretches of this length at its beginning.
            Assert.StartsWith(" it is not", text, StringComparison.Ordinal);
            Assert.True(text.Length > 400);
        }
    }

    [Fact]
    public async Task A_full_line_refuses()
    {
        await using var engine = LlamaEngine.Load(TestModels.TinyOptions with { Slots = 1, QueueDepth = 2 });
        var all = Enumerable.Range(0, 5).Select(_ => new Collected()).ToArray();
        var generations = all.Select(c => engine.Generate(Story(400), c)).ToArray();
        var refused = await all[4].End;
        foreach (var generation in generations) generation.Cancel();

        Assert.Equal(EngineFaultKind.Busy, refused.Fault!.Kind);
        Assert.Equal(EngineFaultKind.Busy, (await all[3].End).Fault!.Kind);
        Assert.Equal(FinishReason.Cancelled, (await all[2].End).Reason);
    }

    [Fact]
    public async Task A_long_prompt_does_not_keep_others_from_their_tokens()
    {
        await using var engine = LlamaEngine.Load(TestModels.TinyOptions);
        var writing = new Collected();
        engine.Generate(Story(400), writing);
        await writing.First;
        var reading = await Collected.RunAsync(engine, Story(4, string.Concat(Enumerable.Repeat("He was alone, and she was not; ", 30))));
        await writing.End;

        Assert.Equal(FinishReason.Length, reading.End.Reason);
        Assert.Equal(400, (await writing.End).CompletionTokens);
    }

    [Fact]
    public async Task Many_beginnings_are_kept_and_the_oldest_make_way()
    {
        await using var engine = LlamaEngine.Load(TestModels.TinyOptions with { CacheCells = 600 });
        string Prompt(int i) => string.Concat(Enumerable.Repeat($"Number {i} was fond of walking, and ", 8));
        for (var i = 0; i < 20; i++) Assert.Equal(FinishReason.Length, (await Collected.RunAsync(engine, Story(4, Prompt(i)))).End.Reason);

        Assert.True((await Collected.RunAsync(engine, Story(4, Prompt(19)))).End.CachedTokens > 40);
        Assert.True((await Collected.RunAsync(engine, Story(4, Prompt(0)))).End.CachedTokens < 40);
    }

    [Fact]
    public async Task Random_requests_and_cancels_leave_nothing_behind()
    {
        await using var engine = LlamaEngine.Load(TestModels.TinyOptions with { CacheCells = 700, QueueDepth = 1000 });
        var random = new Random(5);
        var all = new List<(Collected Collected, bool IsCancelled)>();
        for (var i = 0; i < 150; i++)
        {
            var collected = new Collected();
            var prompt = string.Concat(Enumerable.Repeat($"Chapter {random.Next(6)} ", random.Next(1, 60)));
            var generation = engine.Generate(Story(random.Next(1, 80), prompt) with { Sampling = new() { Temperature = random.Next(2), Seed = (uint)i } }, collected);
            var isCancelled = random.Next(3) == 0;
            if (isCancelled) generation.Cancel();
            all.Add((collected, isCancelled));
            if (random.Next(4) == 0) await Task.Yield();
        }
        foreach (var (collected, isCancelled) in all)
        {
            var end = await collected.End;
            Assert.True(end.Reason == FinishReason.Length || (isCancelled && end.Reason == FinishReason.Cancelled), $"{end.Reason} {end.Fault?.Message}");
            Assert.Equal(1, collected.Ends);
        }
        var statistics = engine.ReadStatistics();
        Assert.Equal((0, 0), (statistics.SlotsUsed, statistics.Waiting));
    }
}
