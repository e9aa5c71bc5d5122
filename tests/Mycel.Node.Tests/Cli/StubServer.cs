using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Tests.Cli;

/// <summary>A small real HTTP server that answers what a test tells it to, on a Unix socket or a loopback port.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubServer(WebApplication app, NodeAddress address)
    {
        _app = app;
        Address = address;
    }

    public NodeAddress Address { get; }

    public static Task<StubServer> OnSocketAsync(string path, Func<HttpContext, Task> answer) =>
        StartAsync(options => options.ListenUnixSocket(path), answer, _ => NodeAddress.OfSocket(path));

    public static Task<StubServer> OnPortAsync(Func<HttpContext, Task> answer, string? key = null) =>
        StartAsync(options => options.Listen(System.Net.IPAddress.Loopback, 0), answer, app => NodeAddress.OfEndpoint(app.Urls.First(), key));

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>Answers with a JSON document.</summary>
    public static Func<HttpContext, Task> Json(int status, string json) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    };

    /// <summary>Answers with server-sent events.</summary>
    public static Func<HttpContext, Task> Events(params string[] data) => async context =>
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Mycel-Route"] = "relay:gpu1";
        foreach (string item in data)
        {
            await context.Response.WriteAsync($"data: {item}\n\n");
            await context.Response.Body.FlushAsync();
        }
    };

    private static async Task<StubServer> StartAsync(
        Action<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions> listen, Func<HttpContext, Task> answer, Func<WebApplication, NodeAddress> address)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(listen);
        WebApplication app = builder.Build();
        app.Run(context => answer(context));
        await app.StartAsync();
        return new StubServer(app, address(app));
    }
}
