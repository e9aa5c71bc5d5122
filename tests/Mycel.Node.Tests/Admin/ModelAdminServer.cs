using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mycel.Node.Api.Admin;
using Mycel.Node.Backends.Local;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Tests.Models;

namespace Mycel.Node.Tests.Admin;

/// <summary>A server with nothing but the endpoints of local models, on a free port, with an engine that only pretends.</summary>
internal sealed class ModelAdminServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ModelAdminServer(string? socket)
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (socket is null) builder.WebHost.UseUrls("http://127.0.0.1:0");
        else builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton<IOptionsSource>(new FixedOptions(new MycelOptions()));
        builder.Services.AddSingleton<ILocalModels>(Models).AddSingleton(Bench.Store).AddSingleton(Bench.NewPuller());
        builder.Services.AddModelEndpoints();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddOpenApi();
        _app = builder.Build();
        _app.MapOpenApi("/openapi.json");
        _app.MapLocalModels();
    }

    public FakeLocalModels Models { get; } = new();

    public PullBench Bench { get; } = new();

    public HttpClient Client { get; } = new();

    public static async Task<ModelAdminServer> StartAsync(string? socket = null)
    {
        var server = new ModelAdminServer(socket);
        await server._app.StartAsync();
        if (socket is null) server.Client.BaseAddress = new Uri(server._app.Urls.First());
        return server;
    }

    /// <summary>Puts the small model into the models folder.</summary>
    public string Put(string name)
    {
        Bench.Store.EnsureFolder();
        var path = Path.Combine(Bench.Store.Folder, name + ".gguf");
        File.Copy(ServedModels.DemoPath, path);
        return path;
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body) { Headers = { ContentType = (MediaTypeHeaderValue?)null } };
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
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
        await Bench.DisposeAsync();
    }
}
