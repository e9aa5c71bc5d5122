using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Tests.Models;

/// <summary>A real HTTPS server with a certificate of its own, called by whatever names a test likes.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;

    private ModelServer(Func<ModelServer, HttpContext, Task> answer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=model-server.test", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate)));
        _app = builder.Build();
        _app.Run(async context =>
        {
            Requests.Enqueue(new Seen(context.Request.Host.Host, context.Request.Path.Value!, context.Request.Headers.Range.ToString(), context.Request.Headers.Authorization.ToString()));
            await answer(this, context);
        });
    }

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<Seen> Requests { get; } = new();

    public int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<ModelServer> StartAsync(Func<ModelServer, HttpContext, Task> answer)
    {
        var server = new ModelServer(answer);
        await server._app.StartAsync();
        return server;
    }

    public static Task<ModelServer> StartAsync(Func<HttpContext, Task> answer) => StartAsync((_, context) => answer(context));

    /// <summary>An address of this server, by any name.</summary>
    public string AddressOf(string host, string path = "/m.gguf") => $"https://{host}:{Port}{path}";

    /// <summary>Serves bytes as a good server does, ranges included.</summary>
    public static Func<HttpContext, Task> File(byte[] content, string tag = "\"v1\"") => context => SendAsync(context, content, tag);

    /// <summary>Serves bytes, ranges included, but not more than so many at a time: then the connection ends. It is closed rather than reset,
    /// because a reset may overtake what was sent before it, and how much arrives would be chance.</summary>
    public static async Task SendAsync(HttpContext context, byte[] content, string tag = "\"v1\"", int atMost = int.MaxValue)
    {
        var ifRange = context.Request.Headers.IfRange.ToString();
        var range = context.Request.Headers.Range.ToString();
        var from = range.Length > 0 && (ifRange.Length == 0 || ifRange == tag) ? int.Parse(range["bytes=".Length..^1], null) : 0;
        context.Response.Headers.ETag = tag;
        if (from >= content.Length)
        {
            context.Response.StatusCode = 416;
            return;
        }
        context.Response.StatusCode = from > 0 ? 206 : 200;
        if (from > 0) context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        context.Response.ContentLength = content.Length - from;
        var count = Math.Min(atMost, content.Length - from);
        await context.Response.Body.WriteAsync(content.AsMemory(from, count));
        await context.Response.Body.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    internal sealed record Seen(string Host, string Path, string Range, string Authorization);
}

/// <summary>A models folder and a puller that reaches test servers.</summary>
internal sealed class PullBench : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<ModelPuller> _pullers = [];

    public PullBench() => Store = new ModelStore(_folder.File("models"));

    public ModelStore Store { get; }

    /// <summary>Addresses of names; all others are this machine.</summary>
    public Dictionary<string, string> Names { get; } = [];

    public HubSettings Hub { get; set; } = new(new Uri("https://hub.test"), null);

    public long FreeBytes { get; set; } = 1L << 40;

    public bool AllowPrivate { get; set; }

    public PullLimits Limits { get; set; } = new() { Backoff = TimeSpan.FromMilliseconds(1) };

    public static byte[] Model { get; } = System.IO.File.ReadAllBytes(ServedModels.DemoPath);

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>What downloads, and looks at the hub, work with.</summary>
    public PullTools Tools => new()
    {
        Store = Store,
        AllowPrivate = () => AllowPrivate,
        Hub = Hub,
        // The test's own servers are on loopback, which counts as public here; everything else is judged as always.
        Http = new PullHttp(
            address => address.Equals(IPAddress.Loopback) || AddressRules.IsPublic(address),
            (host, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(Names.GetValueOrDefault(host, "127.0.0.1"))]),
            (_, _, _, _) => true),
        Limits = Limits,
        FreeBytes = _ => FreeBytes,
    };

    public ModelPuller NewPuller()
    {
        var puller = new ModelPuller(Tools, Microsoft.Extensions.Logging.Abstractions.NullLogger<ModelPuller>.Instance);
        _pullers.Add(puller);
        return puller;
    }

    /// <summary>Pulls and waits for the end, whatever it is.</summary>
    public async Task<PullStatus> PullAsync(string source, string? sha256 = null, string? name = null)
    {
        var pull = NewPuller().Start(new PullRequest(source, sha256, name));
        await pull.Ended.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return pull.Status;
    }

    /// <summary>Files in the models folder, hidden ones included.</summary>
    public string[] Files() =>
        Directory.Exists(Store.Folder) ? [.. Directory.EnumerateFiles(Store.Folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Store.Folder, path)).Order(StringComparer.Ordinal)] : [];

    public async ValueTask DisposeAsync()
    {
        foreach (var puller in _pullers) await puller.DisposeAsync();
        _folder.Dispose();
    }
}
