using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// What the native libraries call: each decodes, calls one method, and turns what goes wrong into an error code. No exception may
/// cross into C.
/// </summary>
internal static unsafe class ConnectionCallbacks
{
    /// <summary>Finds the native connection of a TLS session.</summary>
    public static readonly nint GetConnection = (nint)(delegate* unmanaged[Cdecl]<NativeConnectionReference*, nint>)&OnGetConnection;

    /// <summary>Judges a certificate.</summary>
    public static readonly nint Verify = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&OnVerify;

    /// <summary>All of a connection, those of the TLS helper included.</summary>
    public static readonly NativeCallbacks Table = new()
    {
        ClientInitial = NativeLibraries.CryptoCallback("ngtcp2_crypto_client_initial_cb"),
        ReceiveClientInitial = NativeLibraries.CryptoCallback("ngtcp2_crypto_recv_client_initial_cb"),
        ReceiveCryptoData = NativeLibraries.CryptoCallback("ngtcp2_crypto_recv_crypto_data_cb"),
        Encrypt = NativeLibraries.CryptoCallback("ngtcp2_crypto_encrypt_cb"),
        Decrypt = NativeLibraries.CryptoCallback("ngtcp2_crypto_decrypt_cb"),
        HeaderProtectionMask = NativeLibraries.CryptoCallback("ngtcp2_crypto_hp_mask_cb"),
        ReceiveRetry = NativeLibraries.CryptoCallback("ngtcp2_crypto_recv_retry_cb"),
        UpdateKey = NativeLibraries.CryptoCallback("ngtcp2_crypto_update_key_cb"),
        DeleteCryptoAeadContext = NativeLibraries.CryptoCallback("ngtcp2_crypto_delete_crypto_aead_ctx_cb"),
        DeleteCryptoCipherContext = NativeLibraries.CryptoCallback("ngtcp2_crypto_delete_crypto_cipher_ctx_cb"),
        GetPathChallengeData = NativeLibraries.CryptoCallback("ngtcp2_crypto_get_path_challenge_data_cb"),
        VersionNegotiation = NativeLibraries.CryptoCallback("ngtcp2_crypto_version_negotiation_cb"),
        Random = (nint)(delegate* unmanaged[Cdecl]<byte*, nuint, void*, void>)&OnRandom,
        HandshakeCompleted = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int>)&OnHandshakeCompleted,
        HandshakeConfirmed = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int>)&OnHandshakeConfirmed,
        ReceiveStreamData = (nint)(delegate* unmanaged[Cdecl]<nint, uint, long, ulong, byte*, nuint, nint, nint, int>)&OnStreamData,
        AcknowledgedStreamData = (nint)(delegate* unmanaged[Cdecl]<nint, long, ulong, ulong, nint, nint, int>)&OnAcknowledged,
        StreamOpen = (nint)(delegate* unmanaged[Cdecl]<nint, long, nint, int>)&OnStreamOpen,
        StreamClose = (nint)(delegate* unmanaged[Cdecl]<nint, uint, long, ulong, nint, nint, int>)&OnStreamClose,
        StreamReset = (nint)(delegate* unmanaged[Cdecl]<nint, long, ulong, ulong, nint, nint, int>)&OnStreamReset,
        ReceiveStatelessReset = (nint)(delegate* unmanaged[Cdecl]<nint, void*, nint, int>)&OnStatelessReset,
        ExtendMaxLocalStreamsBidi = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, nint, int>)&OnStreamsAllowed,
        ExtendMaxStreamData = (nint)(delegate* unmanaged[Cdecl]<nint, long, ulong, nint, nint, int>)&OnStreamWindow,
        GetNewConnectionId = (nint)(delegate* unmanaged[Cdecl]<nint, NativeCid*, byte*, nuint, nint, int>)&OnNewCid,
        RemoveConnectionId = (nint)(delegate* unmanaged[Cdecl]<nint, NativeCid*, nint, int>)&OnRemoveCid,
    };

    private static QuicConnection From(nint userData) => Unsafe.As<QuicConnection>(GCHandle.FromIntPtr(userData).Target!);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnGetConnection(NativeConnectionReference* reference) => reference->Connection;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnRandom(byte* destination, nuint length, void* context)
    {
        try
        {
            RandomNumberGenerator.Fill(new Span<byte>(destination, (int)length));
        }
        catch (CryptographicException error)
        {
            // There is no way to report it, and predictable ids and challenges are worse than a stop.
            Environment.FailFast("The system gives no random numbers.", error);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnVerify(nint session)
    {
        try
        {
            ReadOnlySpan<byte> certificate = TlsSession.PeerCertificate(session);
            if (certificate.IsEmpty)
                return GnuTls.ErrorNoCertificateFound;
            var reference = (NativeConnectionReference*)GnuTls.gnutls_session_get_ptr(session);
            return From(reference->UserData).JudgeCertificate(certificate) ? 0 : GnuTls.ErrorCertificate;
        }
        catch
        {
            return GnuTls.ErrorCertificate;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnHandshakeCompleted(nint connection, nint userData)
    {
        try
        {
            return From(userData).OnHandshakeCompleted() ? 0 : NativeQuic.ErrorCallbackFailure;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnHandshakeConfirmed(nint connection, nint userData)
    {
        try
        {
            From(userData).OnConfirmed();
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamData(nint connection, uint flags, long id, ulong offset, byte* data, nuint length, nint userData, nint streamUserData)
    {
        try
        {
            From(userData).OnStreamData(id, new ReadOnlySpan<byte>(data, (int)length), (flags & NativeQuic.DataFlagFin) != 0);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnAcknowledged(nint connection, long id, ulong offset, ulong length, nint userData, nint streamUserData)
    {
        try
        {
            From(userData).OnStreamAcknowledged(id, (long)(offset + length));
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamOpen(nint connection, long id, nint userData)
    {
        try
        {
            From(userData).OnStreamOpened(id);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamClose(nint connection, uint flags, long id, ulong code, nint userData, nint streamUserData)
    {
        try
        {
            From(userData).OnStreamClosed(id, (flags & NativeQuic.CloseFlagAppErrorCodeSet) != 0 ? (long)code : null);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamReset(nint connection, long id, ulong finalSize, ulong code, nint userData, nint streamUserData)
    {
        try
        {
            From(userData).OnStreamReset(id, (long)code);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStatelessReset(nint connection, void* reset, nint userData)
    {
        try
        {
            From(userData).OnReset();
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamsAllowed(nint connection, ulong total, nint userData)
    {
        try
        {
            From(userData).OnStreamsAllowed((long)total);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamWindow(nint connection, long id, ulong total, nint userData, nint streamUserData)
    {
        try
        {
            From(userData).OnStreamWindow(id);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnNewCid(nint connection, NativeCid* cid, byte* token, nuint length, nint userData)
    {
        try
        {
            From(userData).IssueCid(cid, token, (int)length);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRemoveCid(nint connection, NativeCid* cid, nint userData)
    {
        try
        {
            From(userData).RetireCid(cid);
            return 0;
        }
        catch
        {
            return NativeQuic.ErrorCallbackFailure;
        }
    }
}
