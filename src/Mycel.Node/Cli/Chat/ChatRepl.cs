using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>The conversation at a terminal: reads questions and commands, shows answers.</summary>
internal sealed class ChatRepl
{
    private const string Prompt = "> ";
    private const string ContinuationPrompt = "… ";

    private readonly ChatClient _client;
    private readonly CliConsole _console;
    private readonly Conversation _conversation;
    private readonly ChatState _state;
    private readonly NodeClient _node;
    private readonly MessageAssembler _message = new();
    private IReadOnlyList<string> _models = [];

    /// <summary>Talks with <paramref name="model"/> through <paramref name="node"/>.</summary>
    public ChatRepl(NodeClient node, ChatClient client, CliConsole console, Conversation conversation, string model)
    {
        _node = node;
        _client = client;
        _console = console;
        _conversation = conversation;
        _state = new ChatState { Model = model };
    }

    /// <summary>Runs until the person leaves.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        _models = await _client.ListModelsAsync(cancel);
        string where = _node.Address.SocketPath is null ? $" at {_node.Address.Display}" : "";
        _console.WriteLine(_console.Styled($"{_state.Model}{where}. /help shows what you can do here, /quit or Ctrl-D ends.", TextStyle.Dim));
        using KeyPump keys = new(_console.Out);
        LineReader reader = new(keys, _console, new LineEditor(Complete));
        ChatSlash commands = new(_node, _client, _console, _conversation, _state, async prompt => (await reader.ReadAsync(prompt, cancel, hidden: true)).Text);
        bool leaving = false;
        while (!_state.Quit)
        {
            if (!_message.IsOpen) _console.Out.WriteLine();
            (LineReadEnd end, string line) = await reader.ReadAsync(_message.IsOpen ? ContinuationPrompt : Prompt, cancel);
            if (end == LineReadEnd.Ended) break;
            if (end == LineReadEnd.Interrupted)
            {
                bool nothingToDrop = line.Length == 0 && !_message.IsOpen;
                if (nothingToDrop && leaving) break;
                if (nothingToDrop) _console.Out.WriteLine(_console.Styled("Ctrl-C again, or /quit, to leave.", TextStyle.Dim));
                leaving = nothingToDrop;
                _message.Clear();
                continue;
            }

            leaving = false;
            await TakeAsync(line, commands, keys, cancel);
        }

        return ExitCode.Ok;
    }

    private async Task TakeAsync(string line, ChatSlash commands, KeyPump keys, CancellationToken cancel)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            if (!_message.IsOpen && ChatSlash.IsCommand(line))
            {
                // A command may itself read keys, so Ctrl-C stays an input for it.
                await commands.RunAsync(line.Trim(), work => WithInterruptAsync(keys, stop, work), stop.Token);
                return;
            }

            if (_message.Add(line) is not { } question || string.IsNullOrWhiteSpace(question)) return;
            await WithInterruptAsync(keys, stop, () => AskAsync(question, stop.Token));
        }
        catch (NodeClientException error)
        {
            _conversation.TakeBack();
            _console.WriteError(error.Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            _console.Out.WriteLine(_console.Styled("Stopped.", TextStyle.Dim));
        }
    }

    private static async Task WithInterruptAsync(KeyPump keys, CancellationTokenSource stop, Func<Task> work)
    {
        keys.OnInterrupt = stop.Cancel;
        try
        {
            await work();
        }
        finally
        {
            keys.OnInterrupt = null;
        }
    }

    private async Task AskAsync(string question, CancellationToken cancel)
    {
        _conversation.Ask(question);
        AnswerPrinter printer = new(_console, showReasoning: true);
        printer.Wait();
        ChatAnswer answer;
        try
        {
            answer = await _client.AskAsync(_state.Model, _conversation.Messages, printer.Add, cancel);
        }
        finally
        {
            printer.Finish();
        }

        if (answer.Error is not null)
        {
            // The question can be asked again without being there twice.
            _conversation.TakeBack();
            _console.WriteError(answer.Error);
        }
        else
        {
            _conversation.Answer(answer.Text);
        }

        _console.WriteLine(_console.Styled(AnswerFooter.Of(_state.Model, answer), TextStyle.Dim));
    }

    private IEnumerable<string> ModelLines() => _models.Select(model => "/model " + model);

    private IReadOnlyList<string> Complete(string before)
    {
        if (!before.StartsWith('/')) return [];
        if (before.StartsWith("/model ", StringComparison.Ordinal)) return [.. ModelLines()];
        if (before.StartsWith("/relay ", StringComparison.Ordinal)) return ["/relay add", "/relay list", "/relay remove", "/relay refresh"];
        return [.. ChatSlash.Names];
    }
}
