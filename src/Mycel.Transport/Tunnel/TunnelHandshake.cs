using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Mycel.Transport.Tunnel;

/// <summary>
/// Mutual TLS 1.3 over a carrier. Both sides must show a certificate that the other's validator accepts and name the same protocol;
/// nothing is resumed, and nothing is asked of the network about a certificate.
/// </summary>
internal sealed class TunnelHandshake(EndpointOptions options, bool isDialler)
{
    // Building one costs more than the rest of this side's handshake.
    private static readonly ConditionalWeakTable<TransportCredentials, SslStreamCertificateContext> Contexts = [];

    private string? _refusal;
    private byte[]? _peerCertificate;

    /// <summary>What the peer showed, once the handshake is through.</summary>
    public byte[] PeerCertificate => _peerCertificate!;

    /// <exception cref="TransportException">The sides did not agree; the kind says why.</exception>
    public async Task<SslStream> RunAsync(Stream carrier, CancellationToken cancellation)
    {
        var tls = new SslStream(carrier, leaveInnerStreamOpen: false);
        try
        {
            if (isDialler)
                await tls.AuthenticateAsClientAsync(CreateClientOptions(), cancellation).ConfigureAwait(false);
            else
                await tls.AuthenticateAsServerAsync(CreateServerOptions(), cancellation).ConfigureAwait(false);
            if (_peerCertificate is null || tls.NegotiatedApplicationProtocol != Protocol || tls.SslProtocol != SslProtocols.Tls13)
                throw new AuthenticationException("it ended without certificate or protocol name");
            return tls;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw _refusal is not null
                ? new TransportException(TransportFailure.Refused, 0, $"The other side is refused: {_refusal}", error)
                : error is AuthenticationException
                    ? new TransportException(TransportFailure.Tls, 0, $"The handshake failed: {error.InnerException?.Message ?? error.Message}", error)
                    : new TransportException(TransportFailure.Transport, 0, $"What carried the handshake ended: {error.Message}", error);
        }
    }

    private SslApplicationProtocol Protocol => new(options.Alpn);

    private SslClientAuthenticationOptions CreateClientOptions() => new()
    {
        // No name is checked: who the other side is, its certificate proves.
        TargetHost = "",
        ApplicationProtocols = [Protocol],
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        ClientCertificateContext = options.WithholdCertificate ? null : Context,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = Offline(),
        RemoteCertificateValidationCallback = (_, certificate, _, _) => Judge(certificate),
    };

    private SslServerAuthenticationOptions CreateServerOptions() => new()
    {
        ApplicationProtocols = [Protocol],
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        ServerCertificateContext = Context,
        ClientCertificateRequired = true,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = Offline(),
        RemoteCertificateValidationCallback = (_, certificate, _, _) => Judge(certificate),
    };

    private SslStreamCertificateContext Context
        => Contexts.GetValue(options.Credentials, static credentials => SslStreamCertificateContext.Create(Usable(credentials.Certificate), additionalCertificates: null, offline: true));

    /// <summary>Windows' TLS uses only keys that are in its own store.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate)
        => OperatingSystem.IsWindows() ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null) : certificate;

    /// <summary>The chain, which .NET builds in any case and nobody looks at here, is built without asking anyone.</summary>
    private static X509ChainPolicy Offline() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };

    private bool Judge(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            _refusal = "it shows no certificate";
            return false;
        }

        byte[] der = certificate.GetRawCertData();
        try
        {
            _refusal = options.Validator(der);
        }
#pragma warning disable CA1031 // The validator is the program's: whatever it throws is a refusal.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _refusal = $"its certificate could not be checked: {error.Message}";
        }

        _peerCertificate = _refusal is null ? der : null;
        return _refusal is null;
    }
}
