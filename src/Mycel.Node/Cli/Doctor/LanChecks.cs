using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Whether nodes of the own account can be found on the local network, and are.</summary>
internal static class LanChecks
{
    private const string Name = "Local network";

    /// <summary>Of a node that runs.</summary>
    public static DoctorCheck OfNode(NodeStatusReply.LanState lan) => lan switch
    {
        { Problem: { } problem } => DoctorCheck.Warning(Name, $"your other nodes are not looked for: {problem}", "Those whose addresses are known are linked all the same."),
        { WhyNot: { } why } => DoctorCheck.Ok(Name, $"your other nodes are not looked for: {why}"),
        { Interfaces: 0 } => DoctorCheck.Ok(Name, "this machine is on none, so your other nodes are not looked for"),
        { Nearby: 0 } => DoctorCheck.Ok(Name, $"announced on {HumanFormat.Of(lan.Interfaces, "interface")}; no other node of your account was heard"),
        _ => DoctorCheck.Ok(Name, $"announced on {HumanFormat.Of(lan.Interfaces, "interface")}; {HumanFormat.Of(lan.Nearby, "other node")} of your account heard"),
    };
}
