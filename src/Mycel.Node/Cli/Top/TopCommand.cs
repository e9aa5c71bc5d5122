using System.CommandLine;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Top;

/// <summary>The command <c>top</c>: the node as it changes, in a terminal.</summary>
internal static class TopCommand
{
    /// <summary>Time between two tries to reach a node that went away.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>Sections that a page is written of; with the first of each there is enough for one.</summary>
    private static readonly string[] Sections = ["status", "load", "requests", "relays", "models", "peers"];

    /// <summary>Makes the command.</summary>
    public static Command Build()
    {
        NodeOptions options = new();
        CliCommand command = new("top", "Watch the node at work: requests, speed and what serves them; one page of text where no terminal is")
        {
            Examples = ["mycel top", "mycel top > page.txt", "mycel top --endpoint http://gpu-box:8420"],
        };
        options.AddTo(command);
        command.Runs(async (line, console, cancel) =>
        {
            using NodeClient node = options.Connect(line);
            return console.IsInteractive ? await WatchAsync(node, console, cancel) : await PrintAsync(node, console, cancel);
        });
        return command;
    }

    /// <summary>Writes one page and ends.</summary>
    private static async Task<int> PrintAsync(NodeClient node, CliConsole console, CancellationToken cancel)
    {
        TopState state = new();
        HashSet<string> missing = [.. Sections];
        await FollowAsync(node, state, name =>
        {
            missing.Remove(name);
            return missing.Count > 0;
        }, cancel);
        TopView.Write(state, console, int.MaxValue / 2);
        return ExitCode.Ok;
    }

    /// <summary>Draws until the person leaves. A node that goes away is waited for.</summary>
    private static async Task<int> WatchAsync(NodeClient node, CliConsole console, CancellationToken cancel)
    {
        TopState state = new();
        // Fails before the screen is taken, where there is no node at all: then the reason stays readable.
        Stream first = await node.GetForStreamAsync("v1/node/events", cancel);
        using CancellationTokenSource leaving = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using KeyPump keys = new(console.Out);
        using TopScreen screen = new(console);
        keys.OnInterrupt = leaving.Cancel;
        Task watching = KeepAsync(node, first, state, screen, leaving.Token);
        try
        {
            while (await keys.ReadAsync(leaving.Token) is { } input)
            {
                if (input.Interrupt || input.Key.KeyChar is 'q' or 'Q' || input.Key.Key == ConsoleKey.Escape) break;
                if (input.Resumed) screen.Draw(state);
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C.
        }

        await leaving.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Ok;
    }

    private static async Task KeepAsync(NodeClient node, Stream? stream, TopState state, TopScreen screen, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stream ?? await node.GetForStreamAsync("v1/node/events", cancel), state, name =>
                {
                    state.Problem = null;
                    // All news of a second come together, the requests' after the load's.
                    if (name is "load" or "requests") screen.Draw(state);
                    return true;
                }, cancel);
                state.Problem = $"{node.Address.Display} ended the stream; trying again.";
            }
            catch (Exception error) when (error is NodeClientException or IOException or HttpRequestException)
            {
                state.Problem = $"{error.Message.TrimEnd('.')}; trying again.";
            }

            stream = null;
            screen.Draw(state);
            await Task.Delay(RetryAfter, cancel);
        }
    }

    private static async Task FollowAsync(NodeClient node, TopState state, Func<string, bool> onNews, CancellationToken cancel) =>
        await FollowAsync(await node.GetForStreamAsync("v1/node/events", cancel), state, onNews, cancel);

    private static async Task FollowAsync(Stream stream, TopState state, Func<string, bool> onNews, CancellationToken cancel)
    {
        await using Stream events = stream;
        SseParser<string> parser = SseParser.Create(events, (_, data) => Encoding.UTF8.GetString(data));
        await foreach (SseItem<string> news in parser.EnumerateAsync(cancel))
        {
            try
            {
                state.Take(news.EventType, news.Data);
            }
            catch (JsonException error)
            {
                throw new NodeClientException($"The node answered in a form this mycel ({VersionText.Short}) does not know. Use the same version on both sides.", inner: error);
            }

            if (!onNews(news.EventType)) return;
        }
    }
}
