using System.Diagnostics;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Discovery;
using Mycel.Node.Discovery.Lan;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Networks;
using Mycel.Node.Observability;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Api;

/// <summary><c>GET /metrics</c>.</summary>
internal sealed class MetricsEndpoint(NodeMetrics metrics, RelayRegistry relays, ILocalModels models, Dispatcher dispatcher, ExchangeWatch watch, ModelCatalog catalog, NodeState state,
    ILinks links, RelayHandler relayed, IPeerBook peers, NetworkRegistry networks, CreditMetrics credit, LanMetrics lan, NearbyNodes nearby, PeerTable table)
{
    public async Task GetAsync(HttpContext context)
    {
        var state = await table.ReadAsync(context.RequestAborted);
        context.Response.ContentType = PrometheusText.ContentType;
        await context.Response.WriteAsync(Render(state));
    }

    private string Render(TableState found)
    {
        var text = new PrometheusText();
        var routes = metrics.Routes.ToList();
        WriteRequests(text, routes);
        WriteTimes(text, routes);
        WriteNode(text);
        WriteRelays(text);
        EngineMetrics.Write(text, models.List());
        LinkMetrics.Write(text, links.All, peers.All, networks.Joined.Count);
        LinkMetrics.Write(text, relayed);
        TableMetrics.Write(text, found);
        LanFigures.Write(text, lan, nearby.All.Count);
        CreditFigures.Write(text, credit);
        return text.ToString();
    }

    private static void WriteRequests(PrometheusText text, List<RouteMetrics> routes)
    {
        text.Metric("mycel_requests_total", "counter", "Requests by route, model and status; 499: the caller hung up, 599: the reply broke off.");
        foreach (var route in routes)
        {
            foreach (var (status, count) in route.Requests)
                text.Sample("mycel_requests_total", count, ("route", route.Route), ("model", route.Model), ("status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
        text.Metric("mycel_tokens_total", "counter", "Tokens as the backends counted them, by direction.");
        foreach (var route in routes)
        {
            if (route.PromptTokens.Value > 0) text.Sample("mycel_tokens_total", route.PromptTokens.Value, ("route", route.Route), ("model", route.Model), ("direction", "prompt"));
            if (route.CompletionTokens.Value > 0) text.Sample("mycel_tokens_total", route.CompletionTokens.Value, ("route", route.Route), ("model", route.Model), ("direction", "completion"));
        }
    }

    private static void WriteTimes(PrometheusText text, List<RouteMetrics> routes)
    {
        Write("mycel_time_to_first_token_seconds", "From a streamed request's arrival to its first output.", r => r.TimeToFirstToken);
        Write("mycel_inter_token_seconds", "Between two events of a stream.", r => r.InterTokenGap);
        Write("mycel_request_seconds", "From a request's arrival to the end of its whole reply.", r => r.Duration);

        void Write(string name, string help, Func<RouteMetrics, Histogram> histogram)
        {
            text.Metric(name, "histogram", help);
            foreach (var route in routes.Where(r => r.Route != "none")) text.Histogram(name, histogram(route), ("route", route.Route), ("model", route.Model));
        }
    }

    private void WriteNode(PrometheusText text)
    {
        text.Metric("mycel_info", "gauge", "What runs here.").Sample("mycel_info", 1, ("version", NodeState.Version));
        text.Metric("mycel_uptime_seconds", "gauge", "Time since the start.").Sample("mycel_uptime_seconds", Math.Round(state.Uptime.TotalSeconds, 1));
        text.Metric("mycel_requests_active", "gauge", "Requests under way, waiting ones included.").Sample("mycel_requests_active", watch.Count);
        text.Metric("mycel_queue_depth", "gauge", "Requests that wait for a slot.").Sample("mycel_queue_depth", dispatcher.Waiting);
        text.Metric("mycel_queue_wait_seconds", "histogram", "Time waited for a slot, of requests that had to.").Histogram("mycel_queue_wait_seconds", metrics.QueueWait);
        text.Metric("mycel_failovers_total", "counter", "Attempts given up for another backend.").Sample("mycel_failovers_total", metrics.Failovers.Value);
        text.Metric("mycel_auth_failures_total", "counter", "Requests without a valid key.").Sample("mycel_auth_failures_total", metrics.AuthenticationFailures.Value);
        text.Metric("mycel_limit_refusals_total", "counter", "Requests refused by a limit.");
        foreach (var (name, count) in metrics.LimitRefusals) text.Sample("mycel_limit_refusals_total", count.Value, ("limit", name));
        text.Metric("mycel_models", "gauge", "Models announced.").Sample("mycel_models", catalog.Listed.Count);
        using var process = Process.GetCurrentProcess();
        text.Metric("process_cpu_seconds_total", "counter", "Processor time used.").Sample("process_cpu_seconds_total", process.TotalProcessorTime.TotalSeconds);
        text.Metric("process_resident_memory_bytes", "gauge", "Memory in use.").Sample("process_resident_memory_bytes", process.WorkingSet64);
    }

    private void WriteRelays(PrometheusText text)
    {
        var devices = relays.Devices;
        Write("mycel_relay_up", "Whether the relay's models are announced.", d => d.IsOnline ? 1 : 0);
        Write("mycel_relay_healthy", "Whether the relay answers what it is asked.", d => d.IsOnline && d.Health.IsHealthy ? 1 : 0);
        Write("mycel_slots_used", "Requests in flight on the relay.", d => d.InFlight);
        Write("mycel_slots", "Requests the relay may have in flight.", d => d.MaxConcurrent);

        void Write(string name, string help, Func<RelayDevice, double> value)
        {
            text.Metric(name, "gauge", help);
            foreach (var device in devices) text.Sample(name, value(device), ("route", device.Route));
        }
    }
}
