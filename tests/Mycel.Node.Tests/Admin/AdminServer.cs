using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Api.Admin;
using Mycel.Node.Configuration;
using Mycel.Node.Observability.Logs;
using Mycel.Node.Tests.Configuration;

namespace Mycel.Node.Tests.Admin;

/// <summary>A server with nothing but the node's own endpoints, on a free port.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestFolder _data = new();
    private readonly NodeLoggerProvider _provider;

    private AdminServer()
    {
        var log = new LogBuffer(TimeProvider.System);
        _provider = new NodeLoggerProvider(log, output: null, TimeProvider.System);
        Logger = _provider.CreateLogger("Mycel.Tests");
        Assert.True(OptionsStore.TryLoad(() => Configuration.Load(), out var settings, out _));
        using var device = DeviceKey.LoadOrCreate(_data.Path);
        Secrets = new SecretStore(_data.Path, device, TimeProvider.System);
        Keys = KeyStore.Open(_data.Path, TimeProvider.System);

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(log).AddSingleton(settings).AddSingleton(Secrets).AddSingleton(Keys);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddOpenApi();
        _app = builder.Build();
        _app.MapOpenApi("/openapi.json");
        _app.MapKeys();
        _app.MapSecrets();
        _app.MapConfig();
        _app.MapLogs();
        Client = new HttpClient();
    }

    public Loading Configuration { get; } = new();

    public HttpClient Client { get; }

    public ILogger Logger { get; }

    public SecretStore Secrets { get; }

    public KeyStore Keys { get; }

    public static async Task<AdminServer> StartAsync()
    {
        var server = new AdminServer();
        await server._app.StartAsync();
        server.Client.BaseAddress = new Uri(server._app.Urls.First());
        return server;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _provider.Dispose();
        _data.Dispose();
        Configuration.Dispose();
    }
}
