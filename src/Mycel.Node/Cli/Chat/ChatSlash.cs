using System.CommandLine;
using System.CommandLine.Invocation;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Chat;

/// <summary>The commands of a chat: lines that begin with a slash.</summary>
internal sealed class ChatSlash
{
    private static readonly (string Name, string Arguments, string Meaning)[] Commands =
    [
        ("/help", "", "show this"),
        ("/models", "", "list the models"),
        ("/model", "NAME", "talk with another model, keeping the conversation"),
        ("/relay", "add|list|remove|refresh …", "manage relay devices, as 'mycel relay' does"),
        ("/status", "", "show what the node is doing"),
        ("/system", "TEXT", "give the model instructions; '/system off' takes them back"),
        ("/clear", "", "begin a new conversation"),
        ("/save", "FILE", "write the conversation to a file: .json for JSON, otherwise Markdown"),
        ("/quit", "", "leave"),
    ];

    private readonly NodeClient _node;
    private readonly ChatClient _client;
    private readonly CliConsole _console;
    private readonly Conversation _conversation;
    private readonly ChatState _state;
    private readonly Func<string, Task<string>> _readHidden;

    /// <summary>Commands of one chat.</summary>
    public ChatSlash(
        NodeClient node, ChatClient client, CliConsole console, Conversation conversation, ChatState state, Func<string, Task<string>> readHidden)
    {
        _node = node;
        _client = client;
        _console = console;
        _conversation = conversation;
        _state = state;
        _readHidden = readHidden;
    }

    /// <summary>The commands' names, slash included.</summary>
    public static IEnumerable<string> Names => Commands.Select(command => command.Name);

    /// <summary>Whether a line is meant as a command: a slash and one word of letters. A path such as /etc/hosts is not.</summary>
    public static bool IsCommand(string line)
    {
        string text = line.Trim();
        int end = text.IndexOf(' ', StringComparison.Ordinal);
        ReadOnlySpan<char> word = end < 0 ? text : text.AsSpan(0, end);
        return word.Length > 1 && word[0] == '/' && !word[1..].ContainsAnyExceptInRange('a', 'z');
    }

    /// <summary>Runs a command.</summary>
    /// <param name="line">The line, trimmed.</param>
    /// <param name="interruptible">Runs work that Ctrl-C may stop.</param>
    /// <param name="cancel">Cancelled by that Ctrl-C.</param>
    public async Task RunAsync(string line, Func<Func<Task>, Task> interruptible, CancellationToken cancel)
    {
        int end = line.IndexOf(' ', StringComparison.Ordinal);
        string name = end < 0 ? line : line[..end], argument = end < 0 ? "" : line[end..].Trim();
        switch (name)
        {
            case "/help": ShowHelp(); break;
            case "/models": await interruptible(() => ShowModelsAsync(cancel)); break;
            case "/model" or "/use": await interruptible(() => SetModelAsync(argument, cancel)); break;
            case "/relay": await RunRelayAsync(argument, interruptible, cancel); break;
            case "/status": await interruptible(() => StatusCommand.ShowAsync(_node, _console, json: false, cancel)); break;
            case "/system": SetSystem(argument); break;
            case "/clear": Clear(); break;
            case "/save": await SaveAsync(argument, cancel); break;
            case "/quit" or "/exit" or "/q": _state.Quit = true; break;
            default: Complain(name); break;
        }
    }

    private void ShowHelp()
    {
        foreach ((string name, string arguments, string meaning) in Commands)
            _console.WriteLine($"  {_console.Styled($"{name} {arguments}".PadRight(34), TextStyle.Code)} {meaning}", hanging: 37);
        _console.Out.WriteLine();
        _console.WriteLine("  End a line with \\ to go on in the next one, or put longer text between two lines of \"\"\".", hanging: 2);
        _console.WriteLine("  Ctrl-C stops an answer. Up and Down recall what you wrote, Tab completes commands and models.", hanging: 2);
    }

    private async Task ShowModelsAsync(CancellationToken cancel)
    {
        foreach (string model in await _client.ListModelsAsync(cancel))
            _console.Out.WriteLine(model == _state.Model ? _console.Styled("● " + model, TextStyle.Accent) : "  " + model);
    }

    private async Task SetModelAsync(string name, CancellationToken cancel)
    {
        if (name.Length == 0)
        {
            _console.Out.WriteLine($"You are talking with {_state.Model}. Choose another with /model NAME:");
            await ShowModelsAsync(cancel);
            return;
        }

        IReadOnlyList<string> models = await _client.ListModelsAsync(cancel);
        // The node takes a model's bare name and relay:DEVICE:MODEL too; only it knows the devices.
        bool known = models.Contains(name) || models.Contains("relay:" + name) || name.Count(c => c == ':') >= 2;
        if (!known)
        {
            string? near = NearestName.Find(name, models.Concat(models.Select(model => model[(model.IndexOf(':', StringComparison.Ordinal) + 1)..])));
            _console.WriteError($"There is no model '{Printable.Line(name)}'.{(near is null ? " /models lists them." : $" Did you mean '{near}'?")}");
            return;
        }

        _state.Model = name;
        _console.Out.WriteLine($"You are talking with {name} now.");
    }

    private async Task RunRelayAsync(string argument, Func<Func<Task>, Task> interruptible, CancellationToken cancel)
    {
        Command relay = RelayCommands.BuildFor(_node.Address, (prompt, _) => _readHidden(prompt));
        ParseResult line = relay.Parse(argument.Length == 0 ? "list" : argument, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (line.Action is ParseErrorAction)
        {
            foreach (string message in UsageErrors.Explain(line)) _console.WriteError(message.Replace("'relay", "'/relay", StringComparison.Ordinal));
            _console.Out.WriteLine("Usage: /relay list");
            _console.Out.WriteLine("       /relay add URL [--name NAME] [--api-key secret:NAME|env:NAME|-] [--max-concurrent N] [--force]");
            _console.Out.WriteLine("       /relay remove NAME|URL");
            _console.Out.WriteLine("       /relay refresh [NAME|URL]");
            return;
        }

        InvocationConfiguration invocation = new() { Output = _console.Out, Error = _console.Error, ProcessTerminationTimeout = null };
        bool readsKeys = argument.Contains("--api-key", StringComparison.Ordinal);
        if (readsKeys) await line.InvokeAsync(invocation, cancel);
        else await interruptible(() => line.InvokeAsync(invocation, cancel));
    }

    private void SetSystem(string text)
    {
        if (text.Length == 0)
        {
            _console.Out.WriteLine(_conversation.System is { } current ? $"Instructions: {Printable.Block(current)}" : "There are no instructions. Give some with /system TEXT.");
            return;
        }

        _conversation.System = text == "off" ? null : text;
        _console.Out.WriteLine(text == "off" ? "Instructions taken back." : "Instructions set; they go with every question from now on.");
    }

    private void Clear()
    {
        _conversation.Clear();
        _console.Out.WriteLine("A new conversation.");
    }

    private async Task SaveAsync(string path, CancellationToken cancel)
    {
        if (path.Length == 0)
        {
            _console.WriteError("Name a file: /save FILE");
            return;
        }

        if (path.StartsWith("~/", StringComparison.Ordinal))
            path = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..]);
        try
        {
            bool json = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
            await using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
            await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(_conversation.Export(json)), cancel);
            _console.Out.WriteLine($"Saved {HumanFormat.Of(_conversation.Count, "message")} to {path}.");
        }
        catch (IOException) when (File.Exists(path))
        {
            _console.WriteError($"{path} exists already. Choose another name.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            _console.WriteError($"Not saved: {error.Message}");
        }
    }

    private void Complain(string name)
    {
        string? near = NearestName.Find(name, Names);
        _console.WriteError($"There is no {name}.{(near is null ? " /help shows what there is." : $" Did you mean {near}?")}");
    }
}
