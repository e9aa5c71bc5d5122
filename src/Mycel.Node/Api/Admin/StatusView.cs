using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;
using Mycel.Node.Discovery.Lan;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api.Admin;

/// <summary>Puts together what the node is and does.</summary>
internal sealed class StatusView(
    NodeState state, NodeId node, NodeIdentity identity, OptionsStore options, NodeMetrics metrics, RequestLog requests, ExchangeWatch watch, Dispatcher dispatcher, RelayRegistry relays,
    LocalModels local, ModelCatalog catalog, KeyStore keys, LinkManager links, IPeerBook peers, NetworkRegistry networks, LanDiscovery lan, NearbyNodes nearby)
{
    /// <summary>As it is now.</summary>
    public StatusReply Now()
    {
        var devices = relays.Devices;
        var routes = metrics.Routes.ToList();
        var failed = routes.Sum(r => r.Requests.Where(s => s.Status >= 500).Sum(s => s.Count));
        return new StatusReply(
            NodeState.Version, node.Value, identity.Certificate.DeviceName, state.Phase.ToString().ToLowerInvariant(), state.StartedAt, Math.Round(state.Uptime.TotalSeconds, 1), state.Endpoint,
            options.Current.DataDir, options.File,
            new StatusRequests(watch.Count, dispatcher.Waiting, requests.Total, failed),
            new StatusTokens(routes.Sum(r => r.PromptTokens.Value), routes.Sum(r => r.CompletionTokens.Value)),
            new StatusSlots(dispatcher.InFlight, devices.Where(d => d.IsOnline).Sum(d => d.MaxConcurrent) + local.Models.Sum(m => m.Backend.MaxConcurrent)),
            new StatusRelays(devices.Count, devices.Count(d => d.IsOnline)), catalog.Listed.Count, keys.Keys.Count, LinksNow(),
            new StatusLan(lan.Interfaces, nearby.All.Count, lan.WhyNot, lan.Problem));
    }

    private StatusLinks LinksNow()
    {
        var known = peers.All;
        return new StatusLinks(
            links.Door?.LocalEndPoint?.ToString(), links.Door?.Provider, links.Door?.WhyNot, links.Door is null ? [] : links.OwnAddresses, networks.Joined.Count,
            known.Count(peer => peer.IsGreeted), known.Count);
    }
}
