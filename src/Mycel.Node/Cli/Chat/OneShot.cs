using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>One question, one answer, nothing else on standard output.</summary>
internal static class OneShot
{
    /// <summary>Asks, prints the answer, and tells by the exit code whether it is whole.</summary>
    public static async Task<int> RunAsync(
        ChatClient client, CliConsole console, Conversation conversation, string? model, string question, CancellationToken cancel)
    {
        if (string.IsNullOrWhiteSpace(question))
            throw new NodeClientException("There is no question. Give one with -p \"…\" or pipe it in.", ExitCode.Usage);
        model ??= await ModelChoice.OnlyOneAsync(client, cancel);
        conversation.Ask(question);

        AnswerPrinter printer = new(console, showReasoning: false);
        ChatAnswer answer = await client.AskAsync(model, conversation.Messages, printer.Add, cancel);
        printer.Finish();
        if (answer.Error is not null) throw new NodeClientException(answer.Error);
        return answer.Interrupted ? ExitCode.Failed : ExitCode.Ok;
    }
}
