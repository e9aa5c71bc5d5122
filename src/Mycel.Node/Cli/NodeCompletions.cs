using System.CommandLine.Completions;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Cli;

/// <summary>Names that only the node knows, for the shell's completion. Silent and quick: no node, no suggestions.</summary>
internal static class NodeCompletions
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(800);

    /// <summary>Names of the relay devices.</summary>
    public static IEnumerable<CompletionItem> Relays(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/node/relay", ClientJson.Default.RelayListReply, cancel)).Relays.Select(relay => relay.Name));

    /// <summary>Ids of the models.</summary>
    public static IEnumerable<CompletionItem> Models(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/models", ClientJson.Default.ModelListReply, cancel)).Data.Select(model => model.Id));

    /// <summary>Names of the local models, announced or only in the models folder.</summary>
    public static IEnumerable<CompletionItem> LocalModels(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/node/models", ClientJson.Default.LocalModelListReply, cancel)).Models.Select(model => model.Name));

    /// <summary>Names of the networks.</summary>
    public static IEnumerable<CompletionItem> Networks(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/node/networks", ClientJson.Default.NetworkListReply, cancel)).Networks.Select(network => network.Name));

    /// <summary>Ids of the invites that can still be used.</summary>
    public static IEnumerable<CompletionItem> Invites(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/node/invites", ClientJson.Default.InviteListReply, cancel)).Invites.Where(invite => invite.State == "open").Select(invite => invite.Id));

    /// <summary>Names of the other nodes of the account.</summary>
    public static IEnumerable<CompletionItem> Fleet(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/node/fleet", ClientJson.Default.FleetListReply, cancel)).Nodes.Where(other => !other.This).Select(other => other.Name));

    /// <summary>Names of the other nodes of the networks.</summary>
    public static IEnumerable<CompletionItem> Peers(Func<NodeClient> connect) => Ask(connect, async (node, cancel) =>
        (await node.GetAsync("v1/node/peers", ClientJson.Default.PeerListReply, cancel)).Peers.Select(peer => peer.Name));

    /// <summary>Names of the files in the models folder; needs no node.</summary>
    public static IEnumerable<CompletionItem> ModelFiles()
    {
        try
        {
            LoadedConfiguration loaded = ConfigurationLoader.Load(CommandLineSettings.None);
            return loaded.Options is { } options ? [.. new ModelStore(options.Models.Dir).Names().Select(name => new CompletionItem(Printable.Line(name)))] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static List<CompletionItem> Ask(Func<NodeClient> connect, Func<NodeClient, CancellationToken, Task<IEnumerable<string>>> ask)
    {
        try
        {
            using CancellationTokenSource limit = new(Limit);
            using NodeClient node = connect();
            // The completion interface is synchronous, and nothing else runs in this process.
            IEnumerable<string> names = Task.Run(() => ask(node, limit.Token)).GetAwaiter().GetResult();
            return [.. names.Select(name => new CompletionItem(Printable.Line(name)))];
        }
        catch (Exception error) when (error is NodeClientException or OperationCanceledException)
        {
            return [];
        }
    }
}
