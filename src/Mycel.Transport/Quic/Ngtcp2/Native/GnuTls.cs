using System.Runtime.InteropServices;

namespace Mycel.Transport.Quic.Ngtcp2.Native;

/// <summary>The functions of GnuTLS that are used here.</summary>
internal static unsafe partial class GnuTls
{
    public const string Library = "libgnutls.so.30";

    public const int FormatPem = 1;
    public const int CredentialsCertificate = 1;
    public const int CertificateRequire = 2;
    public const uint AlpnMandatory = 1;
    public const uint InitServer = 1;
    public const uint InitClient = 2;
    public const uint InitForceClientCertificate = 1 << 9;
    public const uint InitNoTickets = 1 << 10;
    public const uint InitKeyShareTop = 1 << 11;
    public const int ErrorNoCertificateFound = -49;
    public const int ErrorCertificate = -43;

    [LibraryImport(Library)]
    internal static partial nint gnutls_strerror(int error);

    [LibraryImport(Library)]
    internal static partial nint gnutls_check_version(nint wanted);

    [LibraryImport(Library)]
    internal static partial int gnutls_certificate_allocate_credentials(nint* credentials);

    [LibraryImport(Library)]
    internal static partial void gnutls_certificate_free_credentials(nint credentials);

    [LibraryImport(Library)]
    internal static partial int gnutls_certificate_set_x509_key_mem(nint credentials, NativeDatum* certificate, NativeDatum* key, int format);

    [LibraryImport(Library)]
    internal static partial int gnutls_init(nint* session, uint flags);

    [LibraryImport(Library)]
    internal static partial void gnutls_deinit(nint session);

    [LibraryImport(Library)]
    internal static partial int gnutls_priority_init(nint* priority, byte* text, byte** errorPosition);

    [LibraryImport(Library)]
    internal static partial int gnutls_priority_set(nint session, nint priority);

    [LibraryImport(Library)]
    internal static partial int gnutls_credentials_set(nint session, int type, nint credentials);

    [LibraryImport(Library)]
    internal static partial void gnutls_session_set_ptr(nint session, void* pointer);

    [LibraryImport(Library)]
    internal static partial void* gnutls_session_get_ptr(nint session);

    [LibraryImport(Library)]
    internal static partial int gnutls_alpn_set_protocols(nint session, NativeDatum* protocols, uint count, uint flags);

    [LibraryImport(Library)]
    internal static partial int gnutls_alpn_get_selected_protocol(nint session, NativeDatum* protocol);

    [LibraryImport(Library)]
    internal static partial void gnutls_certificate_server_set_request(nint session, int request);

    [LibraryImport(Library)]
    internal static partial void gnutls_certificate_send_x509_rdn_sequence(nint session, int disable);

    [LibraryImport(Library)]
    internal static partial void gnutls_session_set_verify_function(nint session, nint function);

    [LibraryImport(Library)]
    internal static partial NativeDatum* gnutls_certificate_get_peers(nint session, uint* count);

    /// <exception cref="TransportException">The call failed.</exception>
    public static void Check(int result, string what)
    {
        if (result < 0)
            throw new TransportException(TransportFailure.Local, result, $"TLS could not be set up: {what}: {Marshal.PtrToStringUTF8(gnutls_strerror(result))}");
    }
}
