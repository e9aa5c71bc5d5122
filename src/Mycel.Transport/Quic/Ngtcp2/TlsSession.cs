using System.Text;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// The TLS 1.3 side of one connection: both ends show a certificate, no tickets, no early data, one protocol name. GnuTLS verifies
/// nothing of itself; a session has a verify function from the start, and is not taken for complete without certificate and name.
/// </summary>
internal sealed unsafe class TlsSession
{
    private static readonly Lazy<nint> Priority = new(CreatePriority);

    private readonly TlsCredentialsHandle _credentials;
    private nint _session;

    /// <param name="credentials">Held until the session is freed.</param>
    /// <param name="isServer">Which side of the handshake.</param>
    /// <param name="alpn">Name of the protocol.</param>
    /// <param name="reference">Where the callbacks find the connection.</param>
    /// <param name="verify">Judges the peer's certificate: a function of C, <c>int (gnutls_session_t)</c>.</param>
    /// <exception cref="TransportException">GnuTLS refused.</exception>
    public TlsSession(TlsCredentialsHandle credentials, bool isServer, string alpn, NativeConnectionReference* reference, nint verify)
    {
        _credentials = credentials;
        bool added = false;
        credentials.DangerousAddRef(ref added);
        try
        {
            nint session;
            // A key share for the first group only: each further one costs a key pair, and all nodes prefer the same.
            uint flags = isServer
                ? GnuTls.InitServer | GnuTls.InitNoTickets
                : GnuTls.InitClient | GnuTls.InitNoTickets | GnuTls.InitForceClientCertificate | GnuTls.InitKeyShareTop;
            GnuTls.Check(GnuTls.gnutls_init(&session, flags), "session");
            _session = session;
            GnuTls.gnutls_session_set_verify_function(_session, verify);
            GnuTls.Check(GnuTls.gnutls_priority_set(_session, Priority.Value), "ciphers");
            GnuTls.Check(GnuTls.gnutls_credentials_set(_session, GnuTls.CredentialsCertificate, credentials.DangerousGetHandle()), "credentials");
            GnuTls.Check(
                isServer ? NativeQuic.ngtcp2_crypto_gnutls_configure_server_session(_session) : NativeQuic.ngtcp2_crypto_gnutls_configure_client_session(_session),
                "QUIC");
            GnuTls.gnutls_session_set_ptr(_session, reference);
            SetProtocol(alpn);
            if (isServer)
            {
                GnuTls.gnutls_certificate_server_set_request(_session, GnuTls.CertificateRequire);
                GnuTls.gnutls_certificate_send_x509_rdn_sequence(_session, 1);
            }
        }
        catch
        {
            Free();
            throw;
        }
    }

    public nint Handle => _session;

    /// <summary>Whether both ends agreed on this protocol.</summary>
    public bool HasAgreedOn(string alpn)
    {
        NativeDatum selected;
        return GnuTls.gnutls_alpn_get_selected_protocol(_session, &selected) == 0
            && new ReadOnlySpan<byte>(selected.Data, (int)selected.Size).SequenceEqual(Encoding.ASCII.GetBytes(alpn));
    }

    /// <summary>The peer's certificate of a handshake under way; empty for none. Valid during a verify function only.</summary>
    public static ReadOnlySpan<byte> PeerCertificate(nint session)
    {
        uint count = 0;
        NativeDatum* certificates = GnuTls.gnutls_certificate_get_peers(session, &count);
        return certificates is null || count == 0 ? default : new ReadOnlySpan<byte>(certificates[0].Data, (int)certificates[0].Size);
    }

    /// <summary>Only once the connection that uses it is deleted.</summary>
    public void Free()
    {
        if (_session != 0)
            GnuTls.gnutls_deinit(_session);
        _session = 0;
        _credentials.DangerousRelease();
    }

    private static nint CreatePriority()
    {
        nint priority;
        fixed (byte* text = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE\0"u8)
            GnuTls.Check(GnuTls.gnutls_priority_init(&priority, text, null), "ciphers");
        return priority;
    }

    private void SetProtocol(string alpn)
    {
        byte[] name = Encoding.ASCII.GetBytes(alpn);
        fixed (byte* bytes = name)
        {
            var datum = new NativeDatum { Data = bytes, Size = (uint)name.Length };
            GnuTls.Check(GnuTls.gnutls_alpn_set_protocols(_session, &datum, 1, GnuTls.AlpnMandatory), "ALPN");
        }
    }
}
