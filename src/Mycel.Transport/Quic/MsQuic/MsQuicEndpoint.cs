using System.Collections.Concurrent;
using System.Net;
using System.Net.Quic;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Mycel.Transport.Quic.MsQuic;

/// <summary>A listener of System.Net.Quic, and dials beside it.</summary>
internal sealed class MsQuicEndpoint : ITransportEndpoint
{
    private readonly EndpointOptions _options;
    private readonly ConcurrentDictionary<MsQuicConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile QuicServerConnectionOptions _serverOptions;
    private volatile X509Certificate2 _certificate;
    private QuicListener? _listener;
    private int _disposed;

    private MsQuicEndpoint(EndpointOptions options)
    {
        _options = options;
        _certificate = options.Credentials.Certificate;
        _serverOptions = CreateServerOptions();
    }

    public IPEndPoint LocalEndPoint => _listener!.LocalEndPoint;

    private List<SslApplicationProtocol> Protocols => [new SslApplicationProtocol(_options.Alpn)];

    public static async Task<MsQuicEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation)
    {
        var endpoint = new MsQuicEndpoint(options);
        endpoint._listener = await QuicListener.ListenAsync(
            new QuicListenerOptions
            {
                ListenEndPoint = options.Local,
                ApplicationProtocols = endpoint.Protocols,
                ListenBacklog = options.MaxHalfOpen,
                // One object for all: the provider caches by it.
                ConnectionOptionsCallback = (_, _, _) => ValueTask.FromResult(endpoint._serverOptions),
            },
            cancellation).ConfigureAwait(false);
        return endpoint;
    }

    public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            try
            {
                QuicConnection connection = await _listener!.AcceptConnectionAsync(cancellation).ConfigureAwait(false);
                if (_connections.Count < _options.MaxConnections && Adopt(connection) is { } adopted)
                    return adopted;
                await connection.CloseAsync(QuicCodes.Disposed, CancellationToken.None).ConfigureAwait(false);
                await connection.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (_disposed != 0 && error is not OperationCanceledException)
            {
                throw new ObjectDisposedException(nameof(MsQuicEndpoint), "The endpoint was disposed of.");
            }
            catch (Exception error) when (error is AuthenticationException or QuicException or ArgumentException)
            {
                // The handshake of a stranger that failed; the next.
            }
        }
    }

    public async ValueTask<ITransportConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (_connections.Count >= _options.MaxConnections)
            throw new TransportException(TransportFailure.Local, 0, $"There are {_connections.Count} connections already; the limit is {_options.MaxConnections}.");
        string? refusal = null;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        try
        {
            QuicConnection connection = await QuicConnection.ConnectAsync(CreateClientOptions(remote, why => refusal = why), either.Token).ConfigureAwait(false);
            if (Adopt(connection) is { } adopted)
                return adopted;
            await connection.DisposeAsync().ConfigureAwait(false);
            throw new TransportException(TransportFailure.Tls, 0, $"The handshake with {remote} ended without certificate or protocol name.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TransportException(TransportFailure.Local, 0, "The endpoint was disposed of.");
        }
        catch (Exception error) when (error is AuthenticationException or QuicException or System.Net.Sockets.SocketException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw refusal is null
                ? QuicCodes.Translate(error, $"{remote}")
                : new TransportException(TransportFailure.Refused, 0, $"{remote} is refused: {refusal}", error);
        }
    }

    public void UpdateCredentials(TransportCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        _certificate = credentials.Certificate;
        _serverOptions = CreateServerOptions();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (MsQuicConnection connection in _connections.Keys)
            await connection.DisposeAsync().ConfigureAwait(false);
        await _listener!.DisposeAsync().ConfigureAwait(false);
        foreach (MsQuicConnection connection in _connections.Keys)
            await connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Null where certificate or protocol name are missing: fail closed.</summary>
    private MsQuicConnection? Adopt(QuicConnection connection)
    {
        if (connection.RemoteCertificate is not { } certificate || connection.NegotiatedApplicationProtocol != new SslApplicationProtocol(_options.Alpn))
            return null;
        var adopted = new MsQuicConnection(connection, certificate.GetRawCertData());
        _connections[adopted] = true;
        _ = adopted.Closed.ContinueWith(_ => _connections.TryRemove(adopted, out bool _), TaskScheduler.Default);
        return adopted;
    }

    private QuicServerConnectionOptions CreateServerOptions()
    {
        var options = new QuicServerConnectionOptions
        {
            ServerAuthenticationOptions = new SslServerAuthenticationOptions
            {
                ApplicationProtocols = Protocols,
                ServerCertificate = _certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => Judge(certificate) is null,
            },
        };
        Fill(options);
        return options;
    }

    private QuicClientConnectionOptions CreateClientOptions(IPEndPoint remote, Action<string> refused)
    {
        var options = new QuicClientConnectionOptions
        {
            RemoteEndPoint = remote,
            ClientAuthenticationOptions = new SslClientAuthenticationOptions
            {
                ApplicationProtocols = Protocols,
                TargetHost = remote.Address.ToString(),
                ClientCertificates = _options.WithholdCertificate ? null : [_certificate],
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    string? why = Judge(certificate);
                    if (why is not null)
                        refused(why);
                    return why is null;
                },
            },
        };
        Fill(options);
        return options;
    }

    private void Fill(QuicConnectionOptions options)
    {
        options.MaxInboundBidirectionalStreams = _options.MaxStreams;
        options.MaxInboundUnidirectionalStreams = 0;
        options.DefaultStreamErrorCode = QuicCodes.Disposed;
        options.DefaultCloseErrorCode = QuicCodes.Disposed;
        options.HandshakeTimeout = _options.HandshakeTimeout;
        // There is no watch of its own over streams that wait: every silence is cut as short.
        options.IdleTimeout = _options.SilenceTimeout < _options.IdleTimeout ? _options.SilenceTimeout : _options.IdleTimeout;
        TimeSpan quarter = options.IdleTimeout / 4;
        options.KeepAliveInterval = quarter < _options.KeepAlive ? quarter : _options.KeepAlive;
        // Both must be powers of two.
        options.InitialReceiveWindowSizes.Connection = LargestPowerWithin(_options.ConnectionWindowBytes);
        options.InitialReceiveWindowSizes.LocallyInitiatedBidirectionalStream = LargestPowerWithin(_options.StreamWindowBytes);
        options.InitialReceiveWindowSizes.RemotelyInitiatedBidirectionalStream = LargestPowerWithin(_options.StreamWindowBytes);
    }

    private static int LargestPowerWithin(int value) => 1 << (31 - int.LeadingZeroCount(value));

    private string? Judge(X509Certificate? certificate)
    {
        if (certificate is null)
            return "it shows no certificate";
        try
        {
            return _options.Validator(certificate.GetRawCertData());
        }
#pragma warning disable CA1031 // The validator is the program's: whatever it throws is a refusal.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return $"its certificate could not be checked: {error.Message}";
        }
    }
}
