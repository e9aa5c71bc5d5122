using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Api;
using Mycel.Node.Api.Admin;
using Mycel.Node.Api.Dashboard;
using Mycel.Node.Api.Live;
using Mycel.Node.Api.OpenAi;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Models;
using Mycel.Node.Observability;
using Mycel.Node.Observability.Logs;
using Mycel.Node.Routing;
using Mycel.Node.Settlement;

namespace Mycel.Node.Hosting;

/// <summary>The running daemon: composes the rooms, listens, and stops in order.</summary>
internal static partial class NodeHost
{
    /// <summary>Runs until SIGTERM or SIGINT; the result is the process's exit code.</summary>
    /// <param name="settings">The loader and the settings it loaded; reloads go through it.</param>
    /// <param name="onReady">Called once the node is ready, with a token that its stop cancels; anything but 0 stops the node, and is the exit code.</param>
    /// <exception cref="NodeStartException">The node cannot start; the message says why and what to do.</exception>
    public static async Task<int> RunAsync(OptionsStore settings, Func<CancellationToken, Task<int>>? onReady = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        // The way of a request never blocks, so it runs on the thread that learnt of the bytes: no hand-over between threads on each read.
        // Read by the runtime when the first socket is made.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

        var options = settings.Current;
        PrivateFolder.Ensure(options.DataDir);
        using var folder = HoldFolder(options.DataDir);
        using var identity = NodeIdentity.LoadOrCreate(options.DataDir, NodeIdentity.MachineName, passphrase: null, TimeProvider.System);
        using var secrets = new SecretStore(options.DataDir, identity.Device, TimeProvider.System);
        using var keys = KeyStore.Open(options.DataDir, TimeProvider.System);
        RefuseOpenDoors(options.Api, keys);
        if (LinkDoor.WhyNotProvider(options.Links.Provider) is { } missing) throw new NodeStartException(missing, isSetting: true);

        await using var app = Build(settings, identity, secrets, keys);
        keys.StartWatching(app.Services.GetRequiredService<ILogger<KeyStore>>());
        return await ServeAsync(app, settings, onReady);
    }

    /// <summary>Two nodes on one folder would overwrite each other's state.</summary>
    private static FileLock HoldFolder(string dataDir)
    {
        try
        {
            return FileLock.Acquire(Path.Combine(dataDir, "node.lock"), TimeSpan.Zero);
        }
        catch (IdentityException held)
        {
            throw new NodeStartException($"Another node is running on the data folder {dataDir}. Stop it first, or give this one a folder of its own with --data-dir.", inner: held);
        }
    }

    private static void RefuseOpenDoors(ApiOptions api, KeyStore keys)
    {
        if (api.Open || keys.HasKeys || Authenticator.IsLoopback(api.Host)) return;
        throw new NodeStartException(
            $"Listening on {api.Host} without a key would let anyone on the network use this node. Make a key first with: mycel keys create --name NAME. Or say --open if that is what you want.", isSetting: true);
    }

    private static WebApplication Build(OptionsStore settings, NodeIdentity identity, SecretStore secrets, KeyStore keys)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var api = settings.Current.Api;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, api, settings.Current.DataDir));
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        AddServices(builder.Services, settings, identity, secrets, keys);
        var app = builder.Build();
        MapRoutes(app);
        return app;
    }

    private static void Configure(KestrelServerOptions kestrel, ApiOptions api, string dataDir)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = api.MaxConnections;
        // Bodies are bounded where they are read, by settings that may change while running.
        kestrel.Limits.MaxRequestBodySize = null;
        if (api.Host == "localhost") kestrel.ListenLocalhost(api.Port);
        else kestrel.Listen(IPAddress.Parse(api.Host), api.Port);
        kestrel.ListenUnixSocket(ControlSocket.Prepare(dataDir));
    }

    private static void AddServices(IServiceCollection services, OptionsStore settings, NodeIdentity identity, SecretStore secrets, KeyStore keys)
    {
        services.AddLogging(logging => logging.AddNodeLogging(settings, TimeProvider.System));
        services.AddRoutingCore();
        services.AddOpenApi(description => description.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Mycel";
            document.Info.Version = NodeState.Version;
            return Task.CompletedTask;
        }));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json =>
        {
            // Used where the description of the API is made; replies name their form themselves.
            json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower;
        });
        services.AddSingleton(settings);
        services.AddSingleton<IOptionsSource>(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new NodeId(identity.Device.PeerId.ToString()));
        services.AddSingleton(secrets);
        services.AddSingleton(keys);
        services.AddSingleton<IKeyStore>(keys);
        services.AddSingleton<NodeMetrics>();
        services.AddSingleton<NodeState>();
        services.AddSingleton<RequestLog>();
        services.AddSingleton<RequestLimits>();
        services.AddSingleton<HostGuard>();
        services.AddSingleton<ClientAddress>();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<BodyMemory>();
        services.AddSingleton(new RelayFile(settings.Current.DataDir));
        services.AddSingleton<RelayKeys>();
        services.AddSingleton<RelayRegistry>();
        services.AddModels();
        services.AddModelEndpoints();
        services.AddSingleton<LocalModels>();
        services.AddSingleton<ConfiguredModels>();
        services.AddSingleton<ILocalModels>(provider => provider.GetRequiredService<LocalModels>());
        services.AddSingleton<ModelCatalog>();
        services.AddSingleton(provider => new Dispatcher(provider.GetRequiredService<ModelCatalog>(), () => settings.Current.Queue.Depth));
        services.AddSingleton<ExchangeWatch>();
        services.AddSingleton(identity);
        services.AddPeers(settings.Current);
        services.AddSingleton<RequestRunner>();
        services.AddSingleton<InferenceEndpoint>();
        services.AddSingleton<ModelsEndpoint>();
        services.AddSingleton<MetricsEndpoint>();
        services.AddSingleton<FrontDoor>();
        services.AddSingleton<StatusView>();
        services.AddSingleton<RequestsView>();
        services.AddSingleton(DashboardFiles.Read(Path.Combine(AppContext.BaseDirectory, DashboardFiles.FolderName)));
        services.AddLive();
    }

    private static void MapRoutes(WebApplication app)
    {
        var door = app.Services.GetRequiredService<FrontDoor>();
        app.Use(next => context => door.GuardAsync(context, next));
        app.UseWebSockets();
        app.UseRouting();
        app.Use(next => context => door.AuthorizeAsync(context, next));
        app.MapOpenAi(door, app.Services.GetRequiredService<InferenceEndpoint>(), app.Services.GetRequiredService<ModelsEndpoint>());
        app.MapNode();
        app.MapPlan();
        app.MapNetworks();
        app.MapInvites();
        app.MapPeers();
        app.MapTable();
        app.MapFleetCalls();
        app.MapCredit();
        app.MapTunnel(app.Services.GetRequiredService<TunnelDoor>(), app.Services.GetRequiredService<ClientAddress>());
        app.MapRelays();
        app.MapLocalModels();
        app.MapKeys();
        app.MapSecrets();
        app.MapConfig();
        app.MapLogs();
        app.MapHub();
        app.MapEvents();
        app.MapDashboard();
        app.MapGet("/metrics", (Delegate)app.Services.GetRequiredService<MetricsEndpoint>().GetAsync).WithMetadata(Access.Metrics).WithTags("Node").WithSummary("Metrics in Prometheus' text format.");
        app.MapOpenApi("/openapi.json").WithMetadata(Access.Everyone);
    }

    private static async Task<int> ServeAsync(WebApplication app, OptionsStore settings, Func<CancellationToken, Task<int>>? onReady)
    {
        var services = app.Services;
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Mycel.Node");
        var relays = services.GetRequiredService<RelayRegistry>();
        var catalog = services.GetRequiredService<ModelCatalog>();
        var state = services.GetRequiredService<NodeState>();
        var dispatcher = services.GetRequiredService<Dispatcher>();
        ReloadLog.WriteWarnings(log, settings.Warnings);
        var local = services.GetRequiredService<LocalModels>();
        var peers = services.GetRequiredService<PeerBackends>();
        relays.Changed += Announce;
        local.Changed += Announce;
        peers.Changed += Announce;
        var configured = services.GetRequiredService<ConfiguredModels>();
        configured.Start();
        await relays.StartAsync();
        // A raised limit frees slots.
        settings.Changed += _ => dispatcher.DispatchWaiting();

        try
        {
            await app.StartAsync();
        }
        catch (IOException error)
        {
            throw new NodeStartException($"The node cannot listen on {settings.Current.Api.Host}:{settings.Current.Api.Port}: {error.Message} Is another node running? Choose another port with --port.", inner: error);
        }
        ControlSocket.Protect(settings.Current.DataDir);
        state.Endpoint = EndpointOf(app);
        await services.StartPeersAsync();
        state.Phase = NodePhase.Ready;
        // Its timer begins with it.
        _ = services.GetRequiredService<LoadHistory>();
        LogReady(log, state.Endpoint, NodeState.Version);
        if (settings.Current.Api.Open && !Authenticator.IsLoopback(settings.Current.Api.Host)) LogOpen(log);

        using var signals = new NodeSignals(settings, log);
        using var sweep = TimeProvider.System.CreateTimer(_ => relays.SweepConnections(), null, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        var exitCode = onReady is null ? 0 : await RunReadyAsync(onReady, signals);
        if (exitCode == 0) await signals.StopRequested;
        await DrainAsync(services, settings.Current.DrainSeconds, signals, log);
        await services.StopPeersAsync();
        await app.StopAsync();
        await relays.DisposeAsync();
        configured.Dispose();
        await local.DisposeAsync();
        LogStopped(log);
        return exitCode;

        void Announce() => catalog.Rebuild(() => new BackendLists(relays.Devices, [.. local.Models.Select(m => m.Backend)], peers.Linked));
    }

    private static async Task<int> RunReadyAsync(Func<CancellationToken, Task<int>> onReady, NodeSignals signals)
    {
        using var stopping = new CancellationTokenSource();
        var work = onReady(stopping.Token);
        if (await Task.WhenAny(work, signals.StopRequested) == work) return await work;
        await stopping.CancelAsync();
        try
        {
            return await work;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    /// <summary>Lets running work finish, up to the time set; what is left then is ended with an error that its caller sees.</summary>
    private static async Task DrainAsync(IServiceProvider services, int seconds, NodeSignals signals, ILogger log)
    {
        var watch = services.GetRequiredService<ExchangeWatch>();
        services.GetRequiredService<NodeState>().Phase = NodePhase.Draining;
        LogDraining(log, watch.Count, seconds);
        var limit = DateTime.UtcNow.AddSeconds(seconds);
        while (watch.Count > 0 && DateTime.UtcNow < limit && !signals.IsHurried) await Task.Delay(50);
        if (watch.Count == 0) return;
        LogCutOff(log, watch.Count);
        watch.EndAll(EndReason.Shutdown);
        for (var i = 0; i < 20 && watch.Count > 0; i++) await Task.Delay(50);
    }

    private static string EndpointOf(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var address = addresses.First(a => a.StartsWith("http://", StringComparison.Ordinal) && !a.Contains("unix:", StringComparison.Ordinal));
        return address.Replace("0.0.0.0", "localhost", StringComparison.Ordinal).Replace("[::]", "localhost", StringComparison.Ordinal);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "ready at {Endpoint} (version {Version})")]
    private static partial void LogReady(ILogger logger, string endpoint, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "open to the network without keys: anyone who reaches this port may use the models")]
    private static partial void LogOpen(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopping: {Requests} requests under way may still take {Seconds} s")]
    private static partial void LogDraining(ILogger logger, int requests, int seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "ended {Requests} requests that were still under way")]
    private static partial void LogCutOff(ILogger logger, int requests);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopped")]
    private static partial void LogStopped(ILogger logger);
}
