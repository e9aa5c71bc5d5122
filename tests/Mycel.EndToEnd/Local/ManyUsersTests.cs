using System.Text.Json.Nodes;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>Many users of one model: each gets an answer of their own; places are given back at once and the line is bounded.</summary>
public sealed class ManyUsersTests
{
    private const string MostOfOne = NearTies.Fields + ",\"max_tokens\":40";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Thirty_two_users_at_once_get_each_their_own_answer(bool stream)
    {
        await using var node = await LocalCalls.StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(user => node.AnswerAsync($"I am user {user}.", Only($"user-{user}"), stream)));
        for (var user = 0; user < answers.Length; user++)
        {
            Assert.Equal($"\"user-{user}\"", answers[user].Text.Trim());
            Assert.Equal("stop", answers[user].FinishReason);
        }

        await node.IdleAsync();
        Assert.Equal(0, (int)(await node.LocalAsync())["in_flight"]!);
        Assert.Equal(0, (int)(await node.LocalAsync())["restarts"]!);
    }

    [Fact]
    public async Task Users_who_come_and_go_while_others_stay_change_nobodys_answer()
    {
        await using var node = await LocalCalls.StartAsync();
        var questions = new[] { "Bath", "Emma", "the ball", "a letter", "the rain", "my sister", "a horse", "London" }.Select(word => $"Tell me of {word}.").ToList();
        var alone = new List<Answer>();
        foreach (var question in questions) alone.Add(await node.AnswerAsync(question, MostOfOne));
        using var leaving = new CancellationTokenSource();
        var leavers = Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                using var left = await node.BeginChatAsync(LocalCalls.Tiny, cancel: leaving.Token);
                await Task.Delay(10 * i, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                // That is what it is there for.
            }
        }).ToList();
        var stayers = await Task.WhenAll(questions.Select((question, i) => node.AnswerAsync(question, MostOfOne, stream: i % 2 == 0)));
        await leaving.CancelAsync();
        await Task.WhenAll(leavers);
        for (var i = 0; i < stayers.Length; i++) NearTies.MustAgree(alone[i], stayers[i]);
        // Not all of them may have met a near-tie at once: then the comparison would say nothing.
        Assert.Contains(stayers.Zip(alone), pair => NearTies.AreSame(pair.Second, pair.First));
        await node.IdleAsync();
    }

    [Fact]
    public async Task Who_hangs_up_gives_the_place_back()
    {
        await using var node = await LocalCalls.StartAsync("engine:\n  slots: 1\n");
        Assert.Equal(1, (int)(await node.LocalAsync())["slots"]!);
        var client = await RawConnection.OpenAsync(node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, LocalCalls.Chat("Tell me a story.", "\"ignore_eos\":true,\"max_tokens\":450,\"n\":16", stream: true)));
        var head = await client.ReadHeadAsync();
        await client.ReadUntilAsync("\"content\":\"");
        client.HangUp();
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
        var record = await node.RecordAsync(head["X-Request-ID"]!);
        Assert.Equal(499, (int?)record["status"]);
        Assert.Equal(0, (int)(await node.LocalAsync())["in_flight"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_sets_a_deadline_is_told_when_it_is_over_and_gives_the_place_back(bool stream)
    {
        await using var node = await LocalCalls.StartAsync("engine:\n  slots: 1\n");
        var engine = node.EngineId();
        ProcessSignals.Send(engine, LocalCalls.Stop);
        (await node.PostAsync(NodeCalls.ChatPath, LocalCalls.Chat("hi", stream: stream), ("X-Mycel-Deadline-Ms", "300"))).MustRefuse(504, "deadline_exceeded");
        ProcessSignals.Send(engine, LocalCalls.Continue);
        Assert.Equal("stop", (await node.AnswerAsync("hi", "\"temperature\":0")).FinishReason);
        await node.IdleAsync();
    }

    [Fact]
    public async Task The_line_is_bounded_and_who_waits_in_it_is_served()
    {
        await using var node = await LocalCalls.StartAsync("engine:\n  slots: 1\nqueue:\n  depth: 2\n");
        var engine = node.EngineId();
        ProcessSignals.Send(engine, LocalCalls.Stop);
        var asked = Enumerable.Range(0, 3).Select(_ => node.AnswerAsync("hi", "\"temperature\":0")).ToList();
        await node.QueuedAsync(2);
        var refused = await node.ChatAsync(LocalCalls.Tiny);
        Assert.True(refused.Status is 429 or 503, refused.Text);
        refused.MustRefuse(refused.Status, "queue_full");
        ProcessSignals.Send(engine, LocalCalls.Continue);
        Assert.Single((await Task.WhenAll(asked)).Select(answer => answer.Text).Distinct());
    }

    /// <summary>Fields that leave a model no choice but to say one thing.</summary>
    private static string Only(string text)
    {
        var format = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "only", ["schema"] = new JsonObject { ["const"] = text } } };
        return "\"response_format\":" + format.ToJsonString();
    }
}
