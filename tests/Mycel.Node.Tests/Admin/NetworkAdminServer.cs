using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mycel.Node.Api.Admin;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Tests.Networks;

namespace Mycel.Node.Tests.Admin;

/// <summary>A node's identity, links and networks, with nothing but their endpoints, on a free port.</summary>
internal sealed class NetworkAdminServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly PeerBackends _backends;

    private NetworkAdminServer(string name)
    {
        Node = new NetworkNode(name);
        _backends = new PeerBackends(Node.Peers, Node.Links, Node.Time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(Node.Time).AddSingleton(Node.Identity).AddSingleton<IOwnModels>(Node.Models).AddSingleton<IOptionsSource>(new FixedOptions(new MycelOptions())).AddSingleton<ILinks>(Node.Links);
        builder.Services.AddSingleton<IPeerBook>(Node.Peers).AddSingleton(Node.Registry).AddSingleton(Node.Invites).AddSingleton(Node.Get<Joiner>());
        builder.Services.AddSingleton(Node.Get<ClearingPlaces>()).AddSingleton(Node.Get<NearbyNodes>()).AddSingleton(Node.Get<Appointments>());
        builder.Services.AddSingleton(_backends).AddSingleton<NetworkViews>();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddOpenApi();
        _app = builder.Build();
        _app.MapOpenApi("/openapi.json");
        _app.MapNetworks();
        _app.MapInvites();
        _app.MapPeers();
    }

    public NetworkNode Node { get; }

    public HttpClient Client { get; } = new();

    public static async Task<NetworkAdminServer> StartAsync(string name)
    {
        var server = new NetworkAdminServer(name);
        await server.Node.StartAsync();
        await server._app.StartAsync();
        server.Client.BaseAddress = new Uri(server._app.Urls.First());
        return server;
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body) { Headers = { ContentType = (MediaTypeHeaderValue?)null } };
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    /// <summary>The reply to a request that succeeds.</summary>
    public async Task<JsonNode> AskAsync(string method, string path, string? body = null)
    {
        var (status, reply) = await SendAsync(method, path, body);
        Assert.True((int)status is 200 or 201, $"{method} {path}: {(int)status} {reply}");
        return reply!;
    }

    public async Task<string> RefusedAsync(string method, string path, string? body, int status, string code)
    {
        var (found, reply) = await SendAsync(method, path, body);
        Assert.Equal((status, code), ((int)found, (string)reply!["error"]!["code"]!));
        return (string)reply["error"]!["message"]!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _backends.Dispose();
        await Node.DisposeAsync();
    }
}
