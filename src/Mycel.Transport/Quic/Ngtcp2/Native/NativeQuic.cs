using System.Runtime.InteropServices;

namespace Mycel.Transport.Quic.Ngtcp2.Native;

/// <summary>
/// The functions of libngtcp2 and its GnuTLS helper that are used here. All calls on a connection come from whoever holds the
/// endpoint's gate. Those that neither call back nor take long skip the runtime's bookkeeping of native calls.
/// </summary>
internal static unsafe partial class NativeQuic
{
    public const string Library = "libngtcp2.so.16";
    public const string CryptoLibrary = "libngtcp2_crypto_gnutls.so.8";

    public const int ErrorStreamIdBlocked = -206;
    public const int ErrorStreamDataBlocked = -208;
    public const int ErrorCrypto = -213;
    public const int ErrorStreamShutWrite = -219;
    public const int ErrorStreamNotFound = -220;
    public const int ErrorClosing = -223;
    public const int ErrorDraining = -224;
    public const int ErrorWriteMore = -230;
    public const int ErrorRetry = -231;
    public const int ErrorDropConnection = -232;
    public const int ErrorVersionNegotiation = -235;
    public const int ErrorHandshakeTimeout = -236;
    public const int ErrorIdleClose = -238;
    public const int ErrorCallbackFailure = -502;

    public const uint Version1 = 1;
    public const uint WriteFlagMore = 1;
    public const uint WriteFlagFin = 2;
    public const uint DataFlagFin = 1;
    public const uint CloseFlagAppErrorCodeSet = 1;
    public const int TokenTypeRetry = 1;
    public const int CongestionCubic = 1;
    public const int CongestionBbr = 2;
    public const ulong ConnectionRefused = 2;
    public const ulong CryptoError = 0x100;

    /// <summary>More than any version's NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN.</summary>
    public const int MaxRetryTokenLength = 256;

    [LibraryImport(Library)]
    internal static partial nint ngtcp2_version(int least);

    [LibraryImport(Library)]
    internal static partial nint ngtcp2_strerror(int error);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_settings_default_versioned(int version, NativeSettings* settings);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_transport_params_default_versioned(int version, NativeTransportParameters* parameters);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_server_new_versioned(
        nint* connection, NativeCid* destination, NativeCid* source, NativePath* path, uint version, int callbacksVersion, NativeCallbacks* callbacks,
        int settingsVersion, NativeSettings* settings, int parametersVersion, NativeTransportParameters* parameters, void* allocator, nint userData);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_client_new_versioned(
        nint* connection, NativeCid* destination, NativeCid* source, NativePath* path, uint version, int callbacksVersion, NativeCallbacks* callbacks,
        int settingsVersion, NativeSettings* settings, int parametersVersion, NativeTransportParameters* parameters, void* allocator, nint userData);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_conn_del(nint connection);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_conn_set_tls_native_handle(nint connection, nint session);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_read_pkt_versioned(
        nint connection, NativePath* path, int infoVersion, NativePacketInfo* info, byte* packet, nuint length, ulong time);

    [LibraryImport(Library)]
    internal static partial nint ngtcp2_conn_writev_stream_versioned(
        nint connection, NativePath* path, int infoVersion, NativePacketInfo* info, byte* destination, nuint destinationLength, nint* dataLength,
        uint flags, long streamId, NativeVector* data, nuint dataCount, ulong time);

    [LibraryImport(Library)]
    internal static partial nint ngtcp2_conn_write_connection_close_versioned(
        nint connection, NativePath* path, int infoVersion, NativePacketInfo* info, byte* destination, nuint destinationLength, NativeCloseError* error,
        ulong time);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ngtcp2_conn_update_pkt_tx_time(nint connection, ulong time);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial ulong ngtcp2_conn_get_expiry(nint connection);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_handle_expiry(nint connection, ulong time);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial nuint ngtcp2_conn_get_send_quantum(nint connection);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial ulong ngtcp2_conn_get_max_data_left(nint connection);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial ulong ngtcp2_conn_get_streams_bidi_left(nint connection);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_open_bidi_stream(nint connection, long* id, nint userData);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_shutdown_stream_read(nint connection, uint flags, long id, ulong code);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_conn_shutdown_stream_write(nint connection, uint flags, long id, ulong code);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int ngtcp2_conn_extend_max_stream_offset(nint connection, long id, ulong count);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ngtcp2_conn_extend_max_offset(nint connection, ulong count);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ngtcp2_conn_extend_max_streams_bidi(nint connection, nuint count);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial ulong ngtcp2_conn_get_pto(nint connection);

    [LibraryImport(Library)]
    internal static partial byte ngtcp2_conn_get_tls_alert(nint connection);

    [LibraryImport(Library)]
    internal static partial NativeCloseError* ngtcp2_conn_get_ccerr(nint connection);

    [LibraryImport(Library)]
    internal static partial NativePath* ngtcp2_conn_get_path(nint connection);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_conn_get_conn_info_versioned(nint connection, int version, NativeConnectionInfo* info);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ngtcp2_conn_set_keep_alive_timeout(nint connection, ulong timeout);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_pkt_decode_version_cid(NativeVersionCid* result, byte* data, nuint length, nuint shortCidLength);

    [LibraryImport(Library)]
    internal static partial int ngtcp2_accept(NativePacketHeader* header, byte* packet, nuint length);

    [LibraryImport(Library)]
    internal static partial nint ngtcp2_pkt_write_version_negotiation(
        byte* destination, nuint destinationLength, byte unusedRandom, byte* cid, nuint cidLength, byte* source, nuint sourceLength, uint* versions, nuint count);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_ccerr_set_application_error(NativeCloseError* error, ulong code, byte* reason, nuint length);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_ccerr_set_liberr(NativeCloseError* error, int libraryError, byte* reason, nuint length);

    [LibraryImport(Library)]
    internal static partial void ngtcp2_ccerr_set_tls_alert(NativeCloseError* error, byte alert, byte* reason, nuint length);

    [LibraryImport(CryptoLibrary)]
    internal static partial int ngtcp2_crypto_gnutls_configure_server_session(nint session);

    [LibraryImport(CryptoLibrary)]
    internal static partial int ngtcp2_crypto_gnutls_configure_client_session(nint session);

    [LibraryImport(CryptoLibrary)]
    internal static partial int ngtcp2_crypto_generate_stateless_reset_token(byte* token, byte* secret, nuint secretLength, NativeCid* cid);

    [LibraryImport(CryptoLibrary)]
    internal static partial nint ngtcp2_crypto_generate_retry_token(
        byte* token, byte* secret, nuint secretLength, uint version, byte* address, uint addressLength, NativeCid* retrySource, NativeCid* originalDestination,
        ulong time);

    [LibraryImport(CryptoLibrary)]
    internal static partial int ngtcp2_crypto_verify_retry_token(
        NativeCid* originalDestination, byte* token, nuint tokenLength, byte* secret, nuint secretLength, uint version, byte* address, uint addressLength,
        NativeCid* destination, ulong timeout, ulong time);

    [LibraryImport(CryptoLibrary)]
    internal static partial nint ngtcp2_crypto_write_retry(
        byte* destination, nuint length, uint version, NativeCid* cid, NativeCid* source, NativeCid* originalDestination, byte* token, nuint tokenLength);

    [LibraryImport(CryptoLibrary)]
    internal static partial nint ngtcp2_crypto_write_connection_close(
        byte* destination, nuint length, uint version, NativeCid* cid, NativeCid* source, ulong code, byte* reason, nuint reasonLength);

    /// <summary>The library's words for one of its errors.</summary>
    public static string Describe(int error) => $"{Marshal.PtrToStringUTF8(ngtcp2_strerror(error))} ({error})";
}
