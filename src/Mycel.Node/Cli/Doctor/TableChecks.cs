using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Whether this node finds others, and is found, by the table of peers.</summary>
internal static class TableChecks
{
    private const string Name = "Table of peers";

    /// <summary>Of a node that runs.</summary>
    public static async Task<DoctorCheck> OfNodeAsync(NodeClient node, NodeStatusReply.LinkState links, CancellationToken cancel)
    {
        try
        {
            return Of(await node.GetAsync("v1/node/dht", ClientJson.Default.TableReply, cancel), links.PeersLinked);
        }
        catch (NodeClientException error)
        {
            return DoctorCheck.Warning(Name, error.Message, "Look at the node's log, or restart it.");
        }
    }

    /// <summary>Of what a node says of its part.</summary>
    /// <param name="table">What it says.</param>
    /// <param name="linked">Other nodes that it is linked with.</param>
    public static DoctorCheck Of(TableReply table, int linked) => table switch
    {
        { Running: false } => DoctorCheck.Ok(Name, $"no part in it: {Printable.Line(table.Problem)}"),
        { Contacts: 0 } when linked == 0 => DoctorCheck.Ok(Name, "nobody in it is known yet; it is entered by the first node that is linked"),
        { Contacts: 0 } => DoctorCheck.Warning(Name, "none of the linked nodes answers in it, so models of nodes that are not linked cannot be found", "It is tried again all the time. Are the other nodes of this version, and without --no-dht?"),
        { Port: 0 } => DoctorCheck.Warning(Name, $"{Nodes(table)}; no UDP port could be opened for it, so others cannot ask this node", "Choose a port that is free with dht.port."),
        { Passive: true } => DoctorCheck.Ok(Name, $"{Nodes(table)}; behind a router, so this node asks and is not asked"),
        _ => DoctorCheck.Ok(Name, $"{Nodes(table)}, UDP port {table.Port.ToString(CultureInfo.InvariantCulture)}"),
    };

    private static string Nodes(TableReply table) => $"{HumanFormat.Of(table.Contacts, "node")} known, about {HumanFormat.Count((long)Math.Round(table.EstimatedNodes))} in all";
}
