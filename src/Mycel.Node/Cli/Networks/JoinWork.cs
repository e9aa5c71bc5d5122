using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>Has a node join a network, and tells what is there.</summary>
internal sealed class JoinWork(NodeClient node, CliConsole console, TimeProvider time)
{
    private const int PeersShown = 5;

    /// <summary>How long the first models of the network are waited for.</summary>
    private static readonly TimeSpan FirstModels = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Joins.</summary>
    /// <param name="token">The invite.</param>
    /// <param name="network">What the invite calls the network, to be shown while waiting.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="NodeClientException">The node could not join; nothing has changed.</exception>
    public async Task<int> RunAsync(string token, string network, CancellationToken cancel)
    {
        string request = JsonSerializer.Serialize(new JoinRequest(token), ClientJson.Default.JoinRequest);
        NetworkReply joined = await console.WhileWaitingAsync(
            $"Joining {Printable.Line(network)} …", node.PostAsync("v1/node/join", request, ClientJson.Default.NetworkReply, cancel));
        string rights = joined.Models is null ? "" : $" You may ask for: {NetworkText.Models(joined.Models)}.";
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Joined {Printable.Line(joined.Name)}.{rights}{(joined.MayInvite ? " You may invite others: mycel invite create" : "")}");
        List<PeerReply> peers = await console.WhileWaitingAsync("Looking for its models …", FindPeersAsync(joined, cancel));
        Show(joined, peers);
        return ExitCode.Ok;
    }

    /// <summary>The linked nodes of the network, as soon as one of them has told of a model.</summary>
    private async Task<List<PeerReply>> FindPeersAsync(NetworkReply joined, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            PeerListReply reply = await node.GetAsync("v1/node/peers", ClientJson.Default.PeerListReply, cancel);
            List<PeerReply> linked = [.. reply.Peers.Where(peer => peer.Linked && peer.Networks.Contains(joined.Name))];
            if (linked.Any(peer => ModelsOf(peer, joined).Count > 0) || time.GetElapsedTime(start) > FirstModels) return linked;
            await Task.Delay(Step, time, cancel);
        }
    }

    private void Show(NetworkReply joined, List<PeerReply> peers)
    {
        if (peers.Count == 0)
        {
            console.WriteLine("  None of its nodes is linked yet; this node keeps trying. To look: mycel peers");
            return;
        }

        foreach (PeerReply peer in peers.Take(PeersShown))
        {
            IReadOnlyList<string> models = ModelsOf(peer, joined);
            console.WriteLine($"  {console.Styled(Printable.Line(peer.Name), TextStyle.Bold)}, linked over {Printable.Line(peer.Carrier)}: {(models.Count == 0 ? "no models yet" : NetworkText.Names(models))}", hanging: 4);
        }

        if (peers.Count > PeersShown) console.WriteLine($"  and {peers.Count - PeersShown} more nodes: mycel peers");
        string? first = peers.SelectMany(peer => ModelsOf(peer, joined)).FirstOrDefault();
        console.WriteLine(first is null
            ? "  Their models appear by themselves. To look: mycel peers"
            : $"  Ask for one as if it were yours: {console.Styled($"mycel chat --model {NetworkText.Quoted(first)}", TextStyle.Bold)}");
    }

    private static IReadOnlyList<string> ModelsOf(PeerReply peer, NetworkReply joined) =>
        joined.Models is null ? peer.Models : [.. peer.Models.Where(joined.Models.Contains)];
}
