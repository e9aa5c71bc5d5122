using Mycel.Node.Discovery.Lan;
using Mycel.Node.Observability;

namespace Mycel.Node.Api;

/// <summary>What <c>/metrics</c> tells of discovery on the local network.</summary>
internal static class LanFigures
{
    private static readonly LanVerdict[] Verdicts = Enum.GetValues<LanVerdict>();

    /// <summary>Writes it.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="lan">What was counted.</param>
    /// <param name="nearby">Nodes of the own account that were heard in the last minutes.</param>
    public static void Write(PrometheusText text, LanMetrics lan, int nearby)
    {
        text.Metric("mycel_lan_nodes", "gauge", "Other nodes of the account heard on the local network in the last minutes.").Sample("mycel_lan_nodes", nearby);
        text.Metric("mycel_lan_announcements_total", "counter", "Announcements of this node on the local network.").Sample("mycel_lan_announcements_total", lan.Sent);
        text.Metric("mycel_lan_datagrams_total", "counter", "Datagrams heard on the local network, by what they were; foreign: of other accounts, or noise.");
        foreach (var verdict in Verdicts) text.Sample("mycel_lan_datagrams_total", lan.Heard(verdict), ("verdict", verdict.ToString().ToLowerInvariant()));
    }
}
