using System.Net;
using System.Net.Sockets;
using Mycel.Identity;
using Mycel.Transport;
using LinkOptions = Mycel.Node.Configuration.LinkOptions;

namespace Mycel.Node.Links;

/// <summary>The UDP socket that links come in at and go out from.</summary>
internal sealed partial class LinkDoor(NodeIdentity identity, LinkCredentials credentials, LinkOptions options, ILogger logger) : ICarrierDialer, IAsyncDisposable
{
    /// <summary>Connections beyond the links there may be: strangers, and second ones of a peer.</summary>
    private const int SpareConnections = 128;

    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(8);
    public static readonly TimeSpan SilenceTimeout = TimeSpan.FromSeconds(4);
    private ITransportEndpoint? _endpoint;

    public Carrier Carrier => Carrier.Quic;

    /// <summary>Where it listens; null where QUIC is switched off or not to be had.</summary>
    public IPEndPoint? LocalEndPoint => _endpoint?.LocalEndPoint;

    /// <summary>Name of the transport in use; null for none.</summary>
    public string? Provider { get; private set; }

    /// <summary>Why there is no QUIC, for people; null where there is.</summary>
    public string? WhyNot { get; private set; }

    /// <summary>What stands against the transport that the settings ask for by name, with what to do; null where nothing does, or the choice is the node's.</summary>
    /// <param name="provider">As <c>links.provider</c> has it.</param>
    public static string? WhyNotProvider(string provider)
    {
        if (provider is "auto" or "none" || TransportProviders.Find(provider) is { IsSupported: true }) return null;
        return $"links.provider asks for {provider}, which is not to be had here: {TransportProviders.Find(provider)?.WhyNot} Or set it to auto, which takes what is there.";
    }

    /// <summary>Binds the socket.</summary>
    /// <exception cref="LinkException">The address or the transport asked for is not to be had.</exception>
    public async Task OpenAsync()
    {
        if (options.Provider == "none")
        {
            WhyNot = "it is switched off (links.provider: none)";
            return;
        }
        if (WhyNotProvider(options.Provider) is { } missing) throw new LinkException(missing);
        var provider = options.Provider == "auto" ? TransportProviders.Best : TransportProviders.Find(options.Provider);
        if (provider is null)
        {
            WhyNot = string.Join(" ", TransportProviders.All.Select(p => $"{p.Name}: {p.WhyNot}"));
            LogNoQuic(WhyNot);
            return;
        }
        _endpoint = await BindAsync(provider);
        Provider = provider.Name;
        LogListening(_endpoint.LocalEndPoint, provider.Name);
    }

    private async Task<ITransportEndpoint> BindAsync(ITransportProvider provider)
    {
        var address = AddressOf(options.Host);
        try
        {
            return await provider.BindAsync(OptionsFor(new IPEndPoint(address, options.Port)));
        }
        catch (TransportException taken) when (options.Port == LinkOptions.DefaultPort)
        {
            // A second node on the machine, most often: others learn its port from its record.
            LogPortTaken(options.Port, taken.Message);
            try
            {
                return await provider.BindAsync(OptionsFor(new IPEndPoint(address, 0)));
            }
            catch (TransportException failed)
            {
                throw Unusable(failed);
            }
        }
        catch (TransportException failed)
        {
            throw Unusable(failed);
        }
    }

    private LinkException Unusable(TransportException failed) =>
        new($"The node cannot listen for links on {options.Host}, UDP port {options.Port}: {failed.Message} Choose others with links.host and links.port.", failed);

    /// <summary>The address that <c>links.host</c> stands for.</summary>
    /// <exception cref="LinkException">It is no IP address.</exception>
    public static IPAddress AddressOf(string host) => host switch
    {
        "localhost" => IPAddress.Loopback,
        // A machine without IPv6 cannot bind its wildcard.
        "::" when !Socket.OSSupportsIPv6 => IPAddress.Any,
        _ => IPAddress.TryParse(host, out var address) ? address : throw new LinkException($"links.host is '{host}', which is no IP address."),
    };

    private EndpointOptions OptionsFor(IPEndPoint local)
    {
        var resetKey = new byte[32];
        identity.Device.DeriveKey("mycel/link-reset/1", resetKey);
        return new EndpointOptions
        {
            Local = local,
            Credentials = credentials.Current,
            Validator = credentials.Validate,
            MaxConnections = options.MaxLinks + SpareConnections,
            IdleTimeout = IdleTimeout,
            KeepAlive = KeepAlive,
            SilenceTimeout = SilenceTimeout,
            ResetKey = resetKey,
            // Requests of peers are read and passed on without ever blocking; what may block leaves the thread first.
            InlineCompletions = true,
        };
    }

    /// <summary>The next connection; null where nothing comes in at all.</summary>
    public async Task<ITransportConnection?> AcceptAsync(CancellationToken cancellation) =>
        _endpoint is null ? null : await _endpoint.AcceptAsync(cancellation);

    public bool CanDial(string address) => _endpoint is not null && LinkAddress.IsSocketAddress(address);

    public async Task<ITransportConnection> DialAsync(string address, PeerId peer, CancellationToken cancellation)
    {
        var endpoints = await LinkAddress.ResolveAsync(address, cancellation);
        TransportException? failure = null;
        foreach (var remote in endpoints)
        {
            try
            {
                return await _endpoint!.ConnectAsync(remote, cancellation);
            }
            catch (TransportException failed)
            {
                failure = failed;
            }
        }
        throw failure ?? new TransportException(TransportFailure.Local, 0, $"The name in {address} has no address.");
    }

    /// <summary>Shows new credentials from now on.</summary>
    public void Renew() => _endpoint?.UpdateCredentials(credentials.Current);

    public async ValueTask DisposeAsync()
    {
        if (_endpoint is not null) await _endpoint.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening for links on {Address} (UDP, {Provider})")]
    private partial void LogListening(IPEndPoint address, string provider);

    [LoggerMessage(Level = LogLevel.Warning, Message = "UDP port {Port} is taken, so links use any free one: {Reason}")]
    private partial void LogPortTaken(int port, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no QUIC on this machine, so links go through tunnels only: {Reason}")]
    private partial void LogNoQuic(string reason);
}
