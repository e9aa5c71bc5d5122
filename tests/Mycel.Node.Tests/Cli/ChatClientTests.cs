using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Cli.Chat;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli;

public sealed class ChatClientTests
{
    private const string Stop = """{"model":"m1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    private const string Usage = """{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}""";

    [Fact]
    public async Task An_answer_is_put_together_with_route_and_counts()
    {
        (ChatAnswer answer, _) = await AskAsync(StubServer.Events(Content("Hel"), Content("lo"), Stop, Usage, "[DONE]"));
        Assert.Equal("Hello", answer.Text);
        Assert.Equal(("relay:gpu1", "m1", "stop"), (answer.Route, answer.Model, answer.FinishReason));
        Assert.Equal((9L, 2L), (answer.PromptTokens, answer.CompletionTokens));
        Assert.NotNull(answer.FirstToken);
        Assert.Null(answer.Error);
        Assert.StartsWith("m · via relay:gpu1 · 9 → 2 tokens · ", AnswerFooter.Of("m", answer));
    }

    [Fact]
    public async Task The_whole_conversation_and_the_wish_for_usage_are_sent()
    {
        string sent = "";
        await AskAsync(async context =>
        {
            sent = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await StubServer.Events(Stop, "[DONE]")(context);
        });
        Assert.Equal(
            """{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}""",
            sent);
    }

    [Theory]
    [InlineData("reasoning_content")]
    [InlineData("reasoning")]
    public async Task Thoughts_are_kept_apart_from_the_answer(string field)
    {
        (ChatAnswer answer, List<ChatDelta> deltas) = await AskAsync(
            StubServer.Events($$$"""{"choices":[{"delta":{"{{{field}}}":"hm"}}]}""", Content("yes"), Stop, "[DONE]"));
        Assert.Equal("yes", answer.Text);
        Assert.Equal([new ChatDelta("", "hm"), new ChatDelta("yes", "")], deltas);
    }

    [Fact]
    public async Task An_error_event_ends_the_answer_and_is_told()
    {
        (ChatAnswer answer, _) = await AskAsync(StubServer.Events(Content("Hel"), """{"error":{"message":"The device died.","code":"stream_interrupted"}}""", "[DONE]"));
        Assert.Equal(("Hel", "The device died."), (answer.Text, answer.Error));
    }

    [Fact]
    public async Task An_answer_without_an_end_is_told()
    {
        (ChatAnswer answer, _) = await AskAsync(StubServer.Events(Content("Hel")));
        Assert.StartsWith("The answer broke off", answer.Error);
    }

    [Fact]
    public async Task A_finished_answer_without_the_closing_mark_is_whole() =>
        Assert.Null((await AskAsync(StubServer.Events(Content("Hel"), Stop))).Answer.Error);

    [Fact]
    public async Task A_connection_that_breaks_is_told()
    {
        // Not before the first piece has arrived: an abort throws away what is still on its way.
        TaskCompletionSource arrived = new();
        await using StubServer server = await StubServer.OnPortAsync(async context =>
        {
            await StubServer.Events(Content("Hel"))(context);
            await arrived.Task;
            context.Abort();
        });
        using NodeClient node = new(server.Address, TimeSpan.FromSeconds(20));
        ChatAnswer answer = await new ChatClient(node, TimeProvider.System).AskAsync(
            "m", [new("user", "hi")], _ => arrived.TrySetResult(), TestContext.Current.CancellationToken);
        Assert.Equal("Hel", answer.Text);
        Assert.StartsWith("The connection broke in the middle of the answer", answer.Error);
    }

    [Fact]
    public async Task Garbage_is_told_and_escape_sequences_in_it_are_not_shown()
    {
        (ChatAnswer answer, _) = await AskAsync(StubServer.Events("\e[31m<html>"));
        Assert.Equal("The server sent something that is no part of an answer: [31m<html>", answer.Error);
    }

    [Fact]
    public async Task An_answer_in_one_piece_is_taken_too()
    {
        (ChatAnswer answer, _) = await AskAsync(StubServer.Json(
            200, """{"model":"m1","choices":[{"message":{"role":"assistant","content":"All."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"""));
        Assert.Equal(("All.", 2L, null), (answer.Text, answer.CompletionTokens, answer.Error));
    }

    [Fact]
    public async Task A_refusal_is_an_exception_with_the_server_s_words()
    {
        NodeClientException error = await Assert.ThrowsAsync<NodeClientException>(
            () => AskAsync(StubServer.Json(404, """{"error":{"message":"There is no model 'm'. Did you mean 'n'?","code":"model_not_found"}}""")));
        Assert.Equal("There is no model 'm'. Did you mean 'n'?", error.Message);
    }

    [Fact]
    public async Task Stopping_keeps_what_had_arrived_and_closes_the_connection()
    {
        using CancellationTokenSource stop = new();
        TaskCompletionSource hungUp = new();
        await using StubServer server = await StubServer.OnPortAsync(async context =>
        {
            context.RequestAborted.Register(() => hungUp.TrySetResult());
            await StubServer.Events(Content("Hel"))(context);
            await hungUp.Task;
        });
        using NodeClient node = new(server.Address, TimeSpan.FromSeconds(20));
        ChatAnswer answer = await new ChatClient(node, TimeProvider.System).AskAsync("m", [new("user", "hi")], _ => stop.Cancel(), stop.Token);
        Assert.Equal(("Hel", true, null), (answer.Text, answer.Interrupted, answer.Error));
        await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_single_question_prints_the_answer_alone()
    {
        (int code, string output) = await OneShotAsync(StubServer.Events(Content("**Hel"), Content("lo**"), Stop, Usage, "[DONE]"), "hi");
        Assert.Equal((0, "**Hello**\n"), (code, output));
    }

    [Fact]
    public async Task A_single_question_whose_answer_breaks_off_fails()
    {
        NodeClientException error = await Assert.ThrowsAsync<NodeClientException>(() => OneShotAsync(StubServer.Events(Content("Hel")), "hi"));
        Assert.Equal(1, error.ExitCode);
    }

    [Fact]
    public async Task An_empty_question_is_not_asked() =>
        Assert.Equal(2, (await Assert.ThrowsAsync<NodeClientException>(() => OneShotAsync(StubServer.Events(Stop), " "))).ExitCode);

    [Fact]
    public async Task With_several_models_and_none_named_the_error_lists_them()
    {
        await using StubServer server = await StubServer.OnPortAsync(StubServer.Json(200, """{"data":[{"id":"a"},{"id":"b"}]}"""));
        using NodeClient node = new(server.Address, TimeSpan.FromSeconds(20));
        NodeClientException error = await Assert.ThrowsAsync<NodeClientException>(
            () => ModelChoice.OnlyOneAsync(new ChatClient(node, TimeProvider.System), TestContext.Current.CancellationToken));
        Assert.Contains("--model:\n  a\n  b", error.Message);
    }

    [Fact]
    public void On_a_terminal_thoughts_are_dim_and_the_answer_is_rendered()
    {
        StringWriter output = new() { NewLine = "\n" };
        CliConsole console = new(output, TextWriter.Null, outputIsTerminal: true, inputIsTerminal: true, colour: true);
        AnswerPrinter printer = new(console, showReasoning: true);
        printer.Wait();
        printer.Add(new ChatDelta("", "\nhm"));
        printer.Add(new ChatDelta("\n\n**yes**", ""));
        printer.Finish();
        Assert.Contains("\e[0;2mhm", output.ToString());
        Assert.Equal("hm\n\nyes", new TerminalScreen(80).Write(output.ToString()).Text);
    }

    [Fact]
    public void Without_colour_the_answer_stays_as_it_is()
    {
        StringWriter output = new() { NewLine = "\n" };
        AnswerPrinter printer = new(new CliConsole(output, TextWriter.Null, outputIsTerminal: true, inputIsTerminal: true, colour: false), showReasoning: true);
        printer.Add(new ChatDelta("", "hm"));
        printer.Add(new ChatDelta("**y\e[1mes**", ""));
        printer.Finish();
        Assert.Equal("hm\n\n**y[1mes**\n", output.ToString());
    }

    private static string Content(string text) => $$$"""{"choices":[{"index":0,"delta":{"content":{{{JsonSerializer.Serialize(text)}}}}}]}""";

    private static async Task<(ChatAnswer Answer, List<ChatDelta> Deltas)> AskAsync(Func<HttpContext, Task> answer)
    {
        await using StubServer server = await StubServer.OnPortAsync(answer);
        using NodeClient node = new(server.Address, TimeSpan.FromSeconds(20));
        List<ChatDelta> deltas = [];
        Conversation conversation = new() { System = "be kind" };
        conversation.Ask("hi");
        return (await new ChatClient(node, TimeProvider.System).AskAsync("m", conversation.Messages, deltas.Add, TestContext.Current.CancellationToken), deltas);
    }

    private static async Task<(int Code, string Output)> OneShotAsync(Func<HttpContext, Task> answer, string question)
    {
        await using StubServer server = await StubServer.OnPortAsync(answer);
        using NodeClient node = new(server.Address, TimeSpan.FromSeconds(20));
        StringWriter output = new(new StringBuilder()) { NewLine = "\n" };
        CliConsole console = new(output, TextWriter.Null, false, false, false);
        int code = await OneShot.RunAsync(new ChatClient(node, TimeProvider.System), console, new Conversation(), "m", question, TestContext.Current.CancellationToken);
        return (code, output.ToString());
    }
}
