using System.Text;
using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Tests.Engine;

/// <summary>The engine on the model that comes with the project: every test decodes for real.</summary>
public sealed class GenerationTests : IAsyncLifetime
{
    private LlamaEngine _engine = null!;

    public ValueTask InitializeAsync()
    {
        _engine = LlamaEngine.Load(TestModels.TinyOptions);
        return default;
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static GenerationRequest Ask(string question) => new()
    {
        Prompt = $"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
        ParseSpecial = true,
        MaxTokens = 40,
        Sampling = new() { Temperature = 0 },
    };

    private static GenerationRequest Story(int tokens) => new() { Prompt = "It is a truth universally acknowledged, that", MaxTokens = tokens, IgnoreEnd = true, Sampling = new() { Temperature = 0 } };

    [Fact]
    public async Task Answers_a_question_and_ends_by_itself()
    {
        var (text, end) = await Collected.RunAsync(_engine, Ask("What is the capital of France?"));

        Assert.Contains("Paris", text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Stop, end.Reason);
        Assert.Null(end.Fault);
        Assert.InRange(end.PromptTokens, 8, 60);
        Assert.InRange(end.CompletionTokens, 2, 40);
    }

    [Fact]
    public async Task Describes_the_model()
    {
        var model = _engine.Model;

        Assert.Equal(512, model.ContextLength);
        Assert.Equal(2048, model.VocabularySize);
        Assert.False(model.IsEmbedding);
        Assert.Contains("im_start", model.ChatTemplate, StringComparison.Ordinal);
        Assert.Contains(model.LibraryVersion, (string[])["0.4.0", "0.5.0"]);
        var fault = (await Assert.ThrowsAsync<EngineException>(() => _engine.EmbedAsync(new([new("hello")]), TestContext.Current.CancellationToken))).Fault;
        Assert.Equal(EngineFaultKind.BadRequest, fault.Kind);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_text_and_another_seed_another()
    {
        GenerationRequest With(uint seed) => Story(48) with { Sampling = new() { Temperature = 1.2f, Seed = seed } };
        var first = await Collected.RunAsync(_engine, With(7));
        var again = await Collected.RunAsync(_engine, With(7));
        var other = await Collected.RunAsync(_engine, With(8));

        Assert.Equal(first.Text, again.Text);
        Assert.NotEqual(first.Text, other.Text);
        Assert.Equal(48, first.End.CompletionTokens);
        Assert.Equal(FinishReason.Length, first.End.Reason);
    }

    [Fact]
    public async Task Without_a_seed_answers_differ()
    {
        var request = Story(48) with { Sampling = new() { Temperature = 1.5f } };
        var texts = new HashSet<string>();
        for (var i = 0; i < 3; i++) texts.Add((await Collected.RunAsync(_engine, request)).Text);

        Assert.True(texts.Count > 1);
    }

    [Fact]
    public async Task A_batch_of_greedy_requests_yields_what_each_yields_alone()
    {
        string[] questions = ["What is the capital of France?", "What is the capital of Italy?", "What is the opposite of hot?", "Say hello in French."];
        var alone = new List<string>();
        foreach (var question in questions) alone.Add((await Collected.RunAsync(_engine, Ask(question))).Text);
        var together = await Task.WhenAll(questions.Select(q => Collected.RunAsync(_engine, Ask(q))));

        // Sums of floats differ between batch shapes, so a near-tie may fall the other way: one of four is let pass.
        Assert.InRange(questions.Index().Count(q => alone[q.Index] == together[q.Index].Text), 3, 4);
    }

    [Fact]
    public async Task Thirty_two_users_at_once_all_get_whole_answers()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Collected.RunAsync(_engine, Story(20 + i))));

        foreach (var (i, (text, end)) in runs.Index())
        {
            Assert.Equal(FinishReason.Length, end.Reason);
            Assert.Equal(20 + i, end.CompletionTokens);
            Assert.NotEmpty(text);
        }
        var statistics = _engine.ReadStatistics();
        Assert.Equal(0, statistics.SlotsUsed);
        Assert.Equal(0, statistics.Waiting);
        Assert.True(statistics.Steps < runs.Sum(r => r.End.CompletionTokens), "the requests were not computed together");
    }

    [Fact]
    public async Task A_prompt_seen_before_is_not_computed_again()
    {
        var prompt = string.Concat(Enumerable.Repeat("She had been so long alone, and ", 12));
        var request = Story(8) with { Prompt = prompt };
        var first = await Collected.RunAsync(_engine, request);
        var second = await Collected.RunAsync(_engine, request);
        var longer = await Collected.RunAsync(_engine, request with { Prompt = prompt + "then" });

        Assert.Equal(0, first.End.CachedTokens);
        Assert.Equal(first.End.PromptTokens - 1, second.End.CachedTokens);
        Assert.InRange(longer.End.CachedTokens, first.End.PromptTokens - 2, first.End.PromptTokens);
        Assert.Equal(first.Text, second.Text);
    }

    [Fact]
    public async Task Two_requests_at_once_share_a_beginning_that_a_third_is_still_extending()
    {
        var prompt = string.Concat(Enumerable.Repeat("She had been so long alone, and ", 12));
        var running = new Collected();
        var generation = _engine.Generate(Story(200) with { Prompt = prompt }, running);
        await running.First;
        var others = await Task.WhenAll(Collected.RunAsync(_engine, Story(4) with { Prompt = prompt + "he" }), Collected.RunAsync(_engine, Story(4) with { Prompt = prompt + "she" }));
        generation.Cancel();
        await running.End;

        Assert.All(others, other => Assert.True(other.End.CachedTokens > 60, $"only {other.End.CachedTokens} tokens were shared"));
    }

    [Fact]
    public async Task Cancelling_ends_it_and_frees_the_slot()
    {
        var collected = new Collected();
        var generation = _engine.Generate(Story(450), collected);
        await collected.First;
        generation.Cancel();
        var end = await collected.End;
        generation.Cancel();

        Assert.Equal(FinishReason.Cancelled, end.Reason);
        Assert.InRange(end.CompletionTokens, 1, 449);
        Assert.Equal(1, collected.Ends);
        Assert.Equal(0, _engine.ReadStatistics().SlotsUsed);
        Assert.Equal(FinishReason.Length, (await Collected.RunAsync(_engine, Story(5))).End.Reason);
    }

    [Fact]
    public async Task Cancelling_what_waits_ends_it_unstarted()
    {
        var running = Enumerable.Range(0, 4).Select(_ => new Collected()).ToArray();
        var generations = running.Select(r => _engine.Generate(Story(400), r)).ToArray();
        foreach (var r in running) await r.First;
        var waiting = new Collected();
        _engine.Generate(Story(5), waiting).Cancel();
        var end = await waiting.End;
        foreach (var generation in generations) generation.Cancel();

        Assert.Equal(FinishReason.Cancelled, end.Reason);
        Assert.Equal(0, end.CompletionTokens);
        foreach (var r in running) Assert.Equal(FinishReason.Cancelled, (await r.End).Reason);
    }

    [Fact]
    public async Task A_stop_string_ends_the_output_wherever_tokens_end_and_never_shows()
    {
        var whole = (await Collected.RunAsync(_engine, Story(60))).Text;
        // Every stretch of the text is a stop string once, so that borders of tokens fall everywhere in them.
        for (var start = 5; start < 40; start += 3)
        {
            var stop = whole.Substring(start, 6);
            var (text, end) = await Collected.RunAsync(_engine, Story(60) with { Stop = [stop, "never this"] });

            Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], text);
            Assert.Equal(FinishReason.Stop, end.Reason);
            Assert.Equal(stop, end.StopString);
        }
    }

    [Fact]
    public async Task Text_comes_in_whole_characters()
    {
        var collected = new Collected();
        _engine.Generate(Ask("Say hello in Russian.") with { MaxTokens = 60 }, collected);
        await collected.End;
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);

        Assert.NotEmpty(collected.Pieces);
        foreach (var piece in collected.Pieces) _ = strict.GetString(piece);
    }

    [Fact]
    public async Task A_grammar_always_yields_valid_JSON()
    {
        using var schema = JsonDocument.Parse("""{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":99},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3}},"required":["name","age","tags"],"additionalProperties":false}""");
        var grammar = JsonSchemaGrammar.FromSchema(schema.RootElement);
        for (uint seed = 0; seed < 12; seed++)
        {
            var request = Story(300) with { IgnoreEnd = false, Prompt = "Elizabeth", Grammar = grammar, Sampling = new() { Temperature = seed % 3 == 0 ? 0 : 1.3f, Seed = seed } };
            var (text, end) = await Collected.RunAsync(_engine, request);

            Assert.Equal(FinishReason.Stop, end.Reason);
            using var document = JsonDocument.Parse(text);
            Assert.InRange(document.RootElement.GetProperty("age").GetInt32(), 0, 99);
            Assert.True(document.RootElement.GetProperty("name").GetString()!.Length <= 12);
            Assert.Equal(3, document.RootElement.EnumerateObject().Count());
        }
    }

    [Fact]
    public async Task A_grammar_with_a_trigger_leaves_the_text_before_it_free()
    {
        // "Par" may appear freely; from there on only this much may follow.
        var request = Ask("What is the capital of France?") with { Grammar = "root ::= \"Par\" \"rot!\"", GrammarTriggers = ["Par"] };
        var (text, end) = await Collected.RunAsync(_engine, request);

        Assert.EndsWith("Parrot!", text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Stop, end.Reason);
    }

    [Fact]
    public async Task A_grammar_that_is_none_is_refused_and_the_engine_lives()
    {
        var (_, end) = await Collected.RunAsync(_engine, Story(5) with { Grammar = "root ::= (" });

        Assert.Equal(FinishReason.Failed, end.Reason);
        Assert.Equal("grammar", end.Fault!.Param);
        Assert.Equal(FinishReason.Length, (await Collected.RunAsync(_engine, Story(5))).End.Reason);
    }

    [Fact]
    public async Task A_grammar_that_the_model_cannot_follow_is_told_and_not_called_an_end()
    {
        // A character that this vocabulary has in bytes only, all of which are forbidden.
        (int, float)[] forbidden = [.. Enumerable.Range(0, 1024).Select(token => (token, -100f))];
        var (text, end) = await Collected.RunAsync(_engine, Ask("Hello") with { Grammar = "root ::= \"☃\"", Sampling = new() { Temperature = 0, LogitBias = forbidden } });

        Assert.Empty(text);
        Assert.Equal(FinishReason.Failed, end.Reason);
        Assert.Equal("grammar", end.Fault!.Param);
        Assert.Equal(("☃", FinishReason.Stop), (await Collected.RunAsync(_engine, Ask("Hello") with { Grammar = "root ::= \"☃\"" })) is var (free, freeEnd) ? (free, freeEnd.Reason) : default);
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_the_model()
    {
        var collected = new Collected();
        _engine.Generate(Story(12) with { TopLogProbs = 5 }, collected);
        await collected.End;

        Assert.Equal(12, collected.LogProbs.Count);
        foreach (var token in collected.LogProbs)
        {
            Assert.Equal(5, token.Top.Count);
            Assert.InRange(token.LogProb, -20, 0);
            // Greedy: the token taken is the likeliest, and the others follow in order.
            Assert.Equal(token.Top[0].Token, token.Token);
            Assert.Equal(token.Top[0].LogProb, token.LogProb);
            Assert.Equal(token.Top.OrderByDescending(t => t.LogProb), token.Top);
            Assert.True(token.Top.Sum(t => Math.Exp(t.LogProb)) <= 1.0001);
        }
        Assert.Equal(collected.Text, Encoding.UTF8.GetString([.. collected.LogProbs.SelectMany(t => t.Token)]));
    }

    [Fact]
    public async Task A_bias_forbids_and_forces_tokens()
    {
        var free = new Collected();
        _engine.Generate(Story(1) with { TopLogProbs = 2 }, free);
        await free.End;
        var biased = await Collected.RunAsync(_engine, Story(1) with { Sampling = new() { Temperature = 0, LogitBias = [.. Enumerable.Range(0, 1000).Select(t => (t, -100f))] } });
        var forced = await Collected.RunAsync(_engine, Story(3) with { Sampling = new() { Temperature = 0, LogitBias = [(700, 100f)] } });

        Assert.NotEmpty(free.Text);
        Assert.Equal(3, forced.End.CompletionTokens);
        Assert.Equal(forced.Text[..(forced.Text.Length / 3)], forced.Text[(2 * forced.Text.Length / 3)..]);
        Assert.Equal(1, biased.End.CompletionTokens);
    }

    [Fact]
    public async Task Penalties_keep_it_from_repeating_itself()
    {
        static double Distinct(string text)
        {
            var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words.Distinct().Count() / (double)words.Length;
        }

        var plain = await Collected.RunAsync(_engine, Story(150));
        var penalised = await Collected.RunAsync(_engine, Story(150) with { Sampling = new() { Temperature = 0, FrequencyPenalty = 1.5f, PresencePenalty = 1f, RepeatLastN = -1 } });

        Assert.True(Distinct(penalised.Text) > Distinct(plain.Text), $"{penalised.Text}\n{plain.Text}");
    }

    public static TheoryData<string, SamplingSettings> BadSettings => new()
    {
        { "temperature", new() { Temperature = -1 } },
        { "temperature", new() { Temperature = float.NaN } },
        { "top_p", new() { TopP = 1.5f } },
        { "min_p", new() { MinP = -0.1f } },
        { "top_k", new() { TopK = -1 } },
        { "frequency_penalty", new() { FrequencyPenalty = 3 } },
        { "presence_penalty", new() { PresencePenalty = -3 } },
        { "repeat_penalty", new() { RepeatPenalty = 0 } },
        { "repeat_last_n", new() { RepeatLastN = -2 } },
        { "logit_bias", new() { LogitBias = [(2048, 1)] } },
        { "logit_bias", new() { LogitBias = [(-1, 1)] } },
        { "logit_bias", new() { LogitBias = [(1, float.PositiveInfinity)] } },
    };

    [Theory]
    [MemberData(nameof(BadSettings))]
    public async Task A_setting_out_of_range_is_refused_by_name(string param, SamplingSettings settings)
    {
        var (_, end) = await Collected.RunAsync(_engine, Story(5) with { Sampling = settings });

        Assert.Equal(FinishReason.Failed, end.Reason);
        Assert.Equal((EngineFaultKind.BadRequest, param), (end.Fault!.Kind, end.Fault.Param));
    }

    [Theory]
    [InlineData(0, 1f, 0f, 0.7f)]
    [InlineData(0, 0.9f, 0f, 1f)]
    [InlineData(0, 1f, 0.1f, 1f)]
    [InlineData(1, 1f, 0f, 1f)]
    [InlineData(5000, 0.5f, 0.2f, 2f)]
    public async Task Every_combination_of_cuts_yields_text(int topK, float topP, float minP, float temperature)
    {
        var (text, end) = await Collected.RunAsync(_engine, Story(30) with { Sampling = new() { TopK = topK, TopP = topP, MinP = minP, Temperature = temperature, Seed = 3 } });

        Assert.Equal(FinishReason.Length, end.Reason);
        Assert.NotEmpty(text);
    }

    [Fact]
    public async Task Top_k_of_one_is_greedy()
    {
        var greedy = await Collected.RunAsync(_engine, Story(30));
        var one = await Collected.RunAsync(_engine, Story(30) with { Sampling = new() { TopK = 1, Temperature = 1.5f } });

        Assert.Equal(greedy.Text, one.Text);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_with_the_numbers()
    {
        var (_, end) = await Collected.RunAsync(_engine, Story(5) with { Prompt = string.Concat(Enumerable.Repeat("alone again ", 400)) });

        Assert.Equal(EngineFaultKind.TooLong, end.Fault!.Kind);
        Assert.Contains("512", end.Fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_context_ends_the_answer()
    {
        var (_, end) = await Collected.RunAsync(_engine, Story(5) with { MaxTokens = null });

        Assert.Equal(FinishReason.Length, end.Reason);
        Assert.Equal(512, end.PromptTokens + end.CompletionTokens);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2048)]
    public async Task Tokens_that_the_model_does_not_have_are_refused(int token)
    {
        var (_, end) = await Collected.RunAsync(_engine, Story(5) with { Prompt = null, PromptTokens = [1, token] });

        Assert.Equal(EngineFaultKind.BadRequest, end.Fault!.Kind);
    }

    [Fact]
    public async Task Disposing_ends_what_runs_and_waits()
    {
        var engine = LlamaEngine.Load(TestModels.TinyOptions with { Slots = 1 });
        var running = new Collected();
        var waiting = new Collected();
        engine.Generate(Story(450), running);
        engine.Generate(Story(450), waiting);
        await running.First;
        await engine.DisposeAsync();
        var late = new Collected();
        engine.Generate(Story(5), late).Cancel();
        Assert.Equal(0, engine.ReadStatistics().SlotsUsed);

        Assert.Equal(EngineFaultKind.Lost, (await running.End).Fault!.Kind);
        Assert.Equal(EngineFaultKind.Lost, (await waiting.End).Fault!.Kind);
        Assert.Equal(EngineFaultKind.Lost, (await late.End).Fault!.Kind);
        Assert.True((await engine.Ended).IsExpected);
    }
}
