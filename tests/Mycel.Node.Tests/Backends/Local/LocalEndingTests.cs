using Mycel.Llama;
using Mycel.Node.Backends;
using Mycel.Node.Models;
using Mycel.Node.Tests.Execution;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>Requests to local models that are ended, fail or find no engine.</summary>
public class LocalEndingTests
{
    private readonly LocalHarness _harness = new();

    [Theory]
    [InlineData(EndReason.ClientGone, AttemptKind.Ended, null)]
    [InlineData(EndReason.Deadline, AttemptKind.Ended, null)]
    [InlineData(EndReason.Shutdown, AttemptKind.Ended, null)]
    [InlineData(EndReason.Silent, AttemptKind.Broken, 504)]
    [InlineData(EndReason.Vanished, AttemptKind.Broken, 503)]
    internal async Task Ending_midway_cancels_the_generation_before_the_slot_is_given_back(EndReason reason, AttemptKind kind, int? status)
    {
        _harness.Engine.Answer = (_, generation) =>
        {
            generation.Text("Hi");
            if (!generation.WaitForCancel()) return;
            generation.Text(" there");
            generation.End(FinishReason.Cancelled);
        };
        var asking = _harness.ChatAsync("\"stream\":true");
        await Until.TrueAsync(() => _harness.Channel.Flushes > 0, "the first output");
        End(reason);
        var outcome = await asking;
        Assert.Equal((kind, status), (outcome.Kind, outcome.Refusal?.Status));
        Assert.Equal(0, _harness.Engine.Running);
        Assert.DoesNotContain("there", _harness.Text, StringComparison.Ordinal);
        Assert.Equal(kind == AttemptKind.Ended, _harness.Backend.Health.LastError is null);
    }

    [Theory]
    [InlineData(EndReason.ClientGone, AttemptKind.Ended)]
    [InlineData(EndReason.Vanished, AttemptKind.Refused)]
    internal async Task Ending_before_any_output_cancels_all_answers(EndReason reason, AttemptKind kind)
    {
        _harness.Engine.Answer = (_, generation) =>
        {
            if (generation.WaitForCancel()) generation.End(FinishReason.Cancelled);
        };
        var asking = _harness.ChatAsync("\"n\":8");
        await Until.TrueAsync(() => _harness.Engine.Running == 4, "as many generations as the engine has slots");
        End(reason);
        Assert.Equal(kind, (await asking).Kind);
        Assert.Equal((0, 4), (_harness.Engine.Running, _harness.Engine.Asked.Count));
        Assert.Empty(_harness.Channel.Starts);
    }

    [Fact]
    public async Task An_engine_that_does_not_cancel_is_not_waited_for_for_long()
    {
        using var stop = new ManualResetEventSlim();
        _harness.Engine.Answer = (_, generation) =>
        {
            generation.WaitForCancel();
            stop.Wait();
            generation.Text("late");
            generation.End(FinishReason.Cancelled);
        };
        var asking = _harness.ChatAsync();
        await Until.TrueAsync(() => _harness.Engine.Running == 1, "the generation");
        _harness.Call.End(EndReason.ClientGone);
        Assert.Equal(AttemptKind.Ended, (await asking.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Kind);
        stop.Set();
        await Until.TrueAsync(() => _harness.Engine.Running == 0, "the late end, which harms nobody");
    }

    [Fact]
    public async Task Ending_while_the_model_is_loaded_ends_the_waiting()
    {
        using var asked = new ManualResetEventSlim();
        _harness.Get = async cancellation =>
        {
            asked.Set();
            await Task.Delay(Timeout.Infinite, cancellation);
            return _harness.Engine;
        };
        var asking = _harness.ChatAsync();
        await Until.TrueAsync(() => asked.IsSet, "the loading");
        Assert.True(await _harness.Backend.IsReachableAsync());
        _harness.Call.End(EndReason.ClientGone);
        Assert.Equal(AttemptKind.Ended, (await asking).Kind);
        Assert.Empty(_harness.Engine.Asked);
    }

    [Fact]
    public async Task Ending_while_texts_are_embedded_ends_that()
    {
        var embedding = new TaskCompletionSource();
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        _harness.Engine.Embed = async (_, cancellation) =>
        {
            embedding.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            return null!;
        };
        var asking = _harness.EmbedAsync("\"input\":\"x\"");
        await embedding.Task;
        _harness.Call.End(EndReason.Deadline);
        Assert.Equal(AttemptKind.Ended, (await asking).Kind);
    }

    [Theory]
    [InlineData(EngineFaultKind.TooLong, AttemptKind.Rejected, 400, "context_length_exceeded", null)]
    [InlineData(EngineFaultKind.BadRequest, AttemptKind.Rejected, 400, "invalid_value", null)]
    [InlineData(EngineFaultKind.Busy, AttemptKind.Refused, 429, "engine_busy", "2")]
    [InlineData(EngineFaultKind.Lost, AttemptKind.Refused, 503, "engine_lost", "1")]
    internal async Task A_fault_before_any_output_is_told_as_what_it_is(EngineFaultKind fault, AttemptKind kind, int status, string code, string? retryAfter)
    {
        _harness.Engine.Answer = (_, generation) => generation.Fail(fault, "What is wrong: 600 tokens.", "messages");
        foreach (var fields in (string[])["\"stream\":true", "\"stream\":false", "\"n\":2"])
        {
            var outcome = await _harness.ChatAsync(fields);
            Assert.Equal((kind, status, code, "What is wrong: 600 tokens.", retryAfter),
                (outcome.Kind, outcome.Refusal!.Status, outcome.Refusal.Code, outcome.Refusal.Message, outcome.Refusal.RetryAfter));
            if (kind == AttemptKind.Rejected) LocalHarness.Refused(outcome, code, "messages");
            Assert.Empty(_harness.Channel.Starts);
        }
        Assert.Equal(kind == AttemptKind.Refused, _harness.Backend.Health.IsCoolingDown);
        Assert.Equal(fault != EngineFaultKind.Lost, _harness.Backend.Health.LastError is null);
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_named_as_the_caller_named_it()
    {
        _harness.Engine.Answer = (_, generation) => generation.Fail(EngineFaultKind.TooLong, "Too long.", "prompt");
        LocalHarness.Refused(await _harness.ChatAsync(), "context_length_exceeded", "messages");
        _harness.Engine.Answer = (_, generation) => generation.Fail(EngineFaultKind.TooLong, "Too long.", "messages");
        LocalHarness.Refused(await _harness.CompleteAsync("\"prompt\":\"a\""), "context_length_exceeded", "prompt");
    }

    [Fact]
    public async Task An_engine_lost_after_output_breaks_the_reply_and_ends_the_other_answers()
    {
        using var shown = new ManualResetEventSlim();
        _harness.Engine.Answer = (request, generation) =>
        {
            if (request.Sampling.Seed == 1)
            {
                if (generation.WaitForCancel()) generation.End(FinishReason.Cancelled);
                return;
            }
            generation.Text("Hi");
            shown.Wait();
            generation.Fail(EngineFaultKind.Lost, "The engine ended.");
        };
        var asking = _harness.ChatAsync("\"n\":2,\"seed\":0,\"stream\":true");
        await Until.TrueAsync(() => _harness.Channel.Flushes > 0, "the first output");
        shown.Set();
        var outcome = await asking;
        Assert.Equal((AttemptKind.Broken, 503, "engine_lost"), (outcome.Kind, outcome.Refusal!.Status, outcome.Refusal.Code));
        Assert.Equal(0, _harness.Engine.Running);
        Assert.DoesNotContain("finish_reason\":\"", _harness.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", _harness.Text, StringComparison.Ordinal);
        Assert.Equal("The engine ended.", _harness.Backend.Health.LastError);
        // The error that the exchange puts behind it stands by itself.
        Assert.True(_harness.Relay!.TryEndWithError(503, "stream_interrupted", outcome.Refusal.Message));
        Assert.Contains("stream_interrupted", SseParser.Parse(_harness.Channel.Bytes)[^1].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_generation_cancelled_by_nobody_here_is_a_lost_one()
    {
        _harness.Engine.Answer = (_, generation) => generation.End(FinishReason.Cancelled);
        Assert.Equal((AttemptKind.Refused, "engine_lost"), ((await _harness.ChatAsync()) is var o ? (o.Kind, o.Refusal!.Code) : default));
    }

    [Fact]
    public async Task A_fault_of_embedding_is_told_as_what_it_is()
    {
        _harness.Engine.Model = _harness.Engine.Model with { IsEmbedding = true };
        _harness.Engine.Embed = (_, _) => throw new EngineException(new EngineFault(EngineFaultKind.TooLong, "Too long.", "input"));
        LocalHarness.Refused(await _harness.EmbedAsync("\"input\":\"x\""), "context_length_exceeded", "input");
        _harness.Engine.Embed = (_, _) => throw new EngineException(new EngineFault(EngineFaultKind.Lost, "Gone."));
        Assert.Equal("engine_lost", (await _harness.EmbedAsync("\"input\":\"x\"")).Refusal!.Code);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_says_why()
    {
        _harness.Get = _ => throw new ModelException(507, "does_not_fit", "It needs 8 GB; 4 GB are free.") { RetryAfterSeconds = 30 };
        var outcome = await _harness.ChatAsync();
        Assert.Equal((AttemptKind.Refused, 507, "does_not_fit", "It needs 8 GB; 4 GB are free.", "30"),
            (outcome.Kind, outcome.Refusal!.Status, outcome.Refusal.Code, outcome.Refusal.Message, outcome.Refusal.RetryAfter));
        Assert.Equal("It needs 8 GB; 4 GB are free.", _harness.Backend.Health.LastError);
        // A request that is wrong anyway loads nothing.
        LocalHarness.Refused(await _harness.ChatAsync("\"n\":0"), "invalid_value", "n");
        Assert.Null(_harness.Backend.Health.LastError);
    }

    [Fact]
    public async Task A_backend_is_there_until_its_engine_ends_under_a_request()
    {
        Assert.True(await _harness.Backend.IsReachableAsync());
        await _harness.ChatAsync();
        Assert.True(await _harness.Backend.IsReachableAsync());
        _harness.Engine.Die();
        Assert.False(await _harness.Backend.IsReachableAsync());
    }

    [Fact]
    public async Task An_answer_waits_for_a_caller_who_reads_slowly_and_the_engine_does_not()
    {
        _harness.Engine.Answer = (_, generation) =>
        {
            for (var i = 0; i < 2000; i++) generation.Text($"{i} ");
            generation.End();
        };
        var relayed = _harness.ChatAsync("\"stream\":true");
        _harness.Channel.Stall();
        await Until.TrueAsync(() => _harness.Engine.Asked.Count == 1 && _harness.Engine.Running == 0, "the engine's end");
        _harness.Channel.Resume();
        Assert.Equal(AttemptKind.Completed, (await relayed).Kind);
        Assert.Equal(string.Concat(Enumerable.Range(0, 2000).Select(i => $"{i} ")), _harness.Streamed(0));
    }

    private void End(EndReason reason)
    {
        if (reason is EndReason.Silent or EndReason.Vanished) _harness.EndAttempt(reason);
        else _harness.Call.End(reason);
    }
}
