using System.CommandLine;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>The command <c>chat</c>.</summary>
internal static class ChatCommand
{
    /// <summary>Longest question taken from a pipe, in characters.</summary>
    private const int MaxPipedLength = 16 << 20;

    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        Option<string?> model = new("--model", "-m") { Description = "Model to ask (default: the only one, or you choose)", HelpName = "MODEL" };
        model.CompletionSources.Add(context => NodeCompletions.Models(() => options.Connect(context.ParseResult)));
        Option<string?> prompt = new("--prompt", "-p") { Description = "Ask this one question, print the answer and end; text piped in is added to it", HelpName = "QUESTION" };
        Option<string?> system = new("--system", "-s") { Description = "Instructions for the model, before the first question", HelpName = "TEXT" };
        CliCommand command = new("chat", "Talk with a model, in the terminal or through a pipe")
        {
            Examples =
            [
                "mycel chat",
                "mycel chat --model qwen3:8b",
                "mycel chat -p \"What is a mycelium?\"",
                "git diff | mycel chat -p \"Write a commit message\"",
            ],
        };
        foreach (Option option in (Option[])[model, prompt, system]) command.Options.Add(option);
        options.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = await ConnectAsync(options, line, cancel);
            ChatClient client = new(node, TimeProvider.System);
            Conversation conversation = new() { System = line.GetValue(system) };
            if (line.GetValue(prompt) is { } question || !console.IsInteractive)
                return await OneShot.RunAsync(client, console, conversation, line.GetValue(model), QuestionOf(line.GetValue(prompt), console), cancel);
            string? chosen = line.GetValue(model) ?? await ModelChoice.ChooseAsync(client, console, cancel);
            return chosen is null ? ExitCode.Ok : await new ChatRepl(node, client, console, conversation, chosen).RunAsync(cancel);
        });
        return command;
    }

    /// <summary>The node here by its control socket; if that can't be opened, by its configured address.</summary>
    private static async Task<NodeClient> ConnectAsync(NodeOptions options, ParseResult line, CancellationToken cancel)
    {
        NodeAddress address = options.Resolve(line);
        if (address.SocketPath is null) return new NodeClient(address, NodeOptions.DefaultTimeout);
        try
        {
            using NodeClient probe = new(address, ProbeTimeout);
            await probe.GetAsync("health", cancel);
        }
        catch (NodeClientException error) when (error.ExitCode is ExitCode.NotRunning or ExitCode.Refused)
        {
            if (options.ResolveOverTcp(line) is not { } overTcp || !await AnswersAsync(overTcp, cancel)) throw;
            address = overTcp;
        }

        return new NodeClient(address, NodeOptions.DefaultTimeout);
    }

    private static async Task<bool> AnswersAsync(NodeAddress address, CancellationToken cancel)
    {
        try
        {
            using NodeClient probe = new(address, ProbeTimeout);
            return (await probe.GetAsync("health", cancel)).TryGetProperty("version", out _);
        }
        catch (Exception error) when (error is NodeClientException or InvalidOperationException)
        {
            return false;
        }
    }

    private static string QuestionOf(string? prompt, CliConsole console)
    {
        string piped = console.InputIsTerminal && prompt is not null ? "" : ReadPipe().Trim();
        if (prompt is null) return piped;
        return piped.Length == 0 ? prompt : $"{prompt}\n\n{piped}";
    }

    private static string ReadPipe()
    {
        char[] text = new char[8 << 10];
        System.Text.StringBuilder all = new();
        int count;
        while ((count = Console.In.Read(text, 0, text.Length)) > 0)
        {
            all.Append(text, 0, count);
            if (all.Length > MaxPipedLength)
                throw new NodeClientException($"The text piped in is longer than {MaxPipedLength >> 20} million characters. Send less.", ExitCode.Usage);
        }

        return all.ToString();
    }
}
