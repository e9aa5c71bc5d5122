using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Transport;
using LinkOptions = Mycel.Node.Configuration.LinkOptions;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Whether this node can be linked with others, and is.</summary>
internal static class LinkChecks
{
    private const string Name = "Links";

    /// <summary>Of a node that runs.</summary>
    public static IEnumerable<DoctorCheck> OfNode(NodeStatusReply.LinkState links)
    {
        if (links.Problem is { } problem)
            yield return DoctorCheck.Warning(Name, $"no QUIC: {problem}", "Links go through tunnels, which are slower. Mend that, and restart the node.");
        else if (links.Listening is { } address)
            yield return DoctorCheck.Ok(Name, $"listening on UDP {address} by {links.Provider}; others are told: {(links.Addresses.Count == 0 ? "no address" : string.Join(", ", links.Addresses))}");
        if (links.Networks == 0 && links.PeersKnown == 0)
            yield return DoctorCheck.Ok("Networks", "none; links are opened once the node belongs to one, or hears another node of your account");
        else if (links.PeersKnown > 0 && links.PeersLinked == 0)
            yield return DoctorCheck.Warning("Networks", $"none of {HumanFormat.Of(links.PeersKnown, "known node")} is linked", "See why with: mycel peers");
        else
            yield return DoctorCheck.Ok("Networks", $"{(links.Networks == 0 ? "none" : HumanFormat.Of(links.Networks, "network"))}, {links.PeersLinked} of {HumanFormat.Of(links.PeersKnown, "other node")} linked");
    }

    /// <summary>Of a node that does not run: whether what carries QUIC is there.</summary>
    public static IEnumerable<DoctorCheck> OfLibraries(LinkOptions options)
    {
        if (options.Provider == "none")
        {
            yield return DoctorCheck.Ok(Name, "tunnels only (links.provider: none)");
            yield break;
        }

        ITransportProvider? provider = options.Provider == "auto" ? TransportProviders.Best : TransportProviders.Find(options.Provider);
        if (provider is { IsSupported: true })
        {
            yield return DoctorCheck.Ok(Name, $"QUIC by {provider.Name}");
            yield break;
        }

        string why = provider?.WhyNot ?? string.Join(" ", TransportProviders.All.Select(other => $"{other.Name}: {other.WhyNot}"));
        yield return options.Provider == "auto"
            ? DoctorCheck.Warning(Name, $"no QUIC: {why}", "Links go through tunnels, which are slower. Install what is missing.")
            : DoctorCheck.Failed(Name, $"links.provider asks for {options.Provider}: {why}", "Install what is missing, or set links.provider to auto.");
    }
}
