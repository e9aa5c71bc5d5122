using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>What the <c>relay</c> commands do.</summary>
internal sealed class RelayWork
{
    /// <summary>How long the node may take: it asks devices, and a dead one takes its time.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);

    private const int ModelsShown = 8;

    private readonly NodeClient _node;
    private readonly CliConsole _console;

    /// <summary>Works on <paramref name="node"/>.</summary>
    public RelayWork(NodeClient node, CliConsole console)
    {
        _node = node;
        _console = console;
    }

    /// <summary>The key to send for what stands after <c>--api-key</c>: references as they are, <c>-</c> read from standard input.</summary>
    /// <exception cref="NodeClientException">It is a key itself, which others would see in the list of processes.</exception>
    public static async Task<string?> ReadKeyAsync(string? given, Func<string, Task<string>> readHidden)
    {
        if (given is null || KeyReference.IsValid(given)) return given;
        if (given != "-")
        {
            throw new NodeClientException(
                "A key on the command line can be seen by every user of this machine. Give --api-key - to type or pipe it in, or store it with "
                + "'mycel secret set NAME' and give --api-key secret:NAME.", ExitCode.Usage);
        }

        string key = await readHidden("API key of the device: ");
        return key.Length > 0 ? key : throw new NodeClientException("No key was given.", ExitCode.Usage);
    }

    /// <summary>Adds a device.</summary>
    public async Task<int> AddAsync(RelayAddRequest request, CancellationToken cancel)
    {
        string json = JsonSerializer.Serialize(request, ClientJson.Default.RelayAddRequest);
        RelayReply relay = await _console.WhileWaitingAsync(
            $"Asking {Printable.Line(request.Url)} for its models …",
            _node.PostAsync("v1/node/relay/add", json, ClientJson.Default.RelayReply, cancel));
        string models = relay.Models.Count switch
        {
            0 when !relay.Online => "It does not answer yet; its models appear when it does.",
            0 => "It has no models yet.",
            _ => $"{HumanFormat.Of(relay.Models.Count, "model")}: {Shorten(relay.Models)}",
        };
        _console.Out.WriteLine($"{_console.Styled("✓", TextStyle.Accent)} Added {Printable.Line(relay.Name)} ({Printable.Line(relay.Url)}). {models}");
        return ExitCode.Ok;
    }

    /// <summary>Shows the devices.</summary>
    public async Task<int> ListAsync(bool json, CancellationToken cancel) => Show(await _node.GetAsync("v1/node/relay", cancel), json);

    /// <summary>Removes a device.</summary>
    public async Task<int> RemoveAsync(string device, CancellationToken cancel)
    {
        string json = JsonSerializer.Serialize(RelaySelector.Of(device), ClientJson.Default.RelaySelector);
        RelayReply relay = await _node.PostAsync("v1/node/relay/remove", json, ClientJson.Default.RelayReply, cancel);
        _console.Out.WriteLine($"{_console.Styled("✓", TextStyle.Accent)} Removed {Printable.Line(relay.Name)} ({Printable.Line(relay.Url)}).");
        return ExitCode.Ok;
    }

    /// <summary>Asks one device or all for their models, and shows them.</summary>
    /// <returns>Failed when a device asked for by name does not answer.</returns>
    public async Task<int> RefreshAsync(string? device, bool json, CancellationToken cancel)
    {
        string body = device is null ? "{}" : JsonSerializer.Serialize(RelaySelector.Of(device), ClientJson.Default.RelaySelector);
        JsonElement reply = await _console.WhileWaitingAsync("Asking the devices for their models …", _node.PostAsync("v1/node/relay/refresh", body, cancel));
        return Show(reply, json);
    }

    private int Show(JsonElement reply, bool json)
    {
        if (json)
        {
            _console.Out.WriteLine(ClientJson.Format(reply));
            return ExitCode.Ok;
        }

        RelayListReply list = _node.Read(reply, ClientJson.Default.RelayListReply);
        if (list.Relays.Count == 0) _console.Out.WriteLine("No relay devices yet. Add one with: mycel relay add http://HOST:PORT");
        else RelayTable.Write(list.Relays, _console);
        return ExitCode.Ok;
    }

    private static string Shorten(IReadOnlyList<string> models)
    {
        string shown = string.Join(", ", models.Take(ModelsShown).Select(model => Printable.Line(model)));
        return models.Count > ModelsShown ? $"{shown} and {models.Count - ModelsShown} more" : shown;
    }
}
