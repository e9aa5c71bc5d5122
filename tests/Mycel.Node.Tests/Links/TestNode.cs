using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Node.Configuration;
using Mycel.Node.Links;

namespace Mycel.Node.Tests.Links;

/// <summary>The links of a node with an identity and a data folder of its own, on loopback.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mycel-links-");

    private readonly TimeProvider _time;

    public TestNode(Action<LinkManager>? setUp = null, Func<LinkOptions, LinkOptions>? options = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Identity = NodeIdentity.LoadOrCreate(_folder.FullName, "test", passphrase: null, TimeProvider.System);
        var links = new LinkOptions { Host = "127.0.0.1", Port = 0 };
        Options = new FixedOptions(new MycelOptions { DataDir = _folder.FullName, Links = options?.Invoke(links) ?? links });
        Links = NewLinks(setUp);
    }

    public NodeIdentity Identity { get; }

    public FixedOptions Options { get; }

    public LinkManager Links { get; private set; }

    public PeerId Id => Identity.Device.PeerId;

    public string Address => Links.Door!.LocalEndPoint!.ToString();

    /// <summary>Starts it anew, as after the end of its process: the peers are told nothing.</summary>
    public async Task RestartAsync(Action<LinkManager>? setUp = null)
    {
        var port = Links.Door!.LocalEndPoint!.Port;
        await Links.DisposeAsync();
        Options.Current = Options.Current with { Links = Options.Current.Links with { Port = port } };
        Links = NewLinks(setUp);
        await Links.EnsureStartedAsync();
    }

    private LinkManager NewLinks(Action<LinkManager>? setUp)
    {
        var manager = new LinkManager(Identity, Options, _time, NullLogger<LinkManager>.Instance);
        if (setUp is null) manager.Serve([new PingHandler()]);
        else setUp(manager);
        return manager;
    }

    public async ValueTask DisposeAsync()
    {
        await Links.DisposeAsync();
        Identity.Dispose();
        _folder.Delete(recursive: true);
    }
}
