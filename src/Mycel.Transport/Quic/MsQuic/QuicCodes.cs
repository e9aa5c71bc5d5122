using System.Net.Quic;
using System.Security.Authentication;

namespace Mycel.Transport.Quic.MsQuic;

/// <summary>Turns the errors of System.Net.Quic into those of links.</summary>
internal static class QuicCodes
{
    /// <summary>What peers see when something is disposed of before its time.</summary>
    public const long Disposed = 0;

    private const long CryptoError = 0x100;

    /// <summary>Whether it is a failure of the link or stream, and no mistake of the program.</summary>
    public static bool IsFailure(Exception error) => error is QuicException or ObjectDisposedException or AuthenticationException;

    /// <summary>The same failure in the terms of links.</summary>
    /// <param name="error">What System.Net.Quic threw.</param>
    /// <param name="peer">Who it was with, for the message.</param>
    public static TransportException Translate(Exception error, string peer) => error switch
    {
        TransportException known => known,
        AuthenticationException => FromAuthentication(error, peer),
        QuicException quic => FromQuic(quic, peer),
        ObjectDisposedException => new TransportException(TransportFailure.Local, 0, "The connection was closed here.", error),
        _ => new TransportException(TransportFailure.Transport, 0, $"The connection with {peer} failed: {error.Message}", error),
    };

    private static TransportException FromQuic(QuicException error, string peer)
    {
        long code = error.ApplicationErrorCode ?? 0;
        return error.QuicError switch
        {
            QuicError.ConnectionAborted => new TransportException(TransportFailure.Application, code, $"{peer} closed the connection with code {code}.", error),
            QuicError.StreamAborted => new TransportException(TransportFailure.Application, code, $"The peer aborted the stream with code {code}.", error),
            QuicError.ConnectionTimeout => new TransportException(TransportFailure.Timeout, 0, $"{peer} did not answer. Is the node running, and its UDP port open?", error),
            QuicError.ConnectionIdle => new TransportException(TransportFailure.Timeout, 0, $"{peer} has not been heard of for too long.", error),
            QuicError.ConnectionRefused => new TransportException(TransportFailure.Refused, 0, $"{peer} takes no more connections, or nobody is there.", error),
            QuicError.OperationAborted => new TransportException(TransportFailure.Local, code, "It was aborted here.", error),
            QuicError.TransportError when error.TransportErrorCode is >= CryptoError and < CryptoError + 256 =>
                FromAlert((int)(error.TransportErrorCode.Value - CryptoError), peer, error),
            _ => new TransportException(TransportFailure.Transport, error.TransportErrorCode ?? 0, $"The connection with {peer} failed: {error.Message}", error),
        };
    }

    private static TransportException FromAuthentication(Exception error, string peer)
        => error.InnerException is QuicException { TransportErrorCode: >= CryptoError and < CryptoError + 256 } quic
            ? FromAlert((int)(quic.TransportErrorCode.Value - CryptoError), peer, error)
            : new TransportException(TransportFailure.Tls, 0, $"The handshake with {peer} failed: {error.Message}", error);

    /// <summary>TLS alerts (RFC 8446, 6.2): 42 to 46, 48 and 49 are about the certificate.</summary>
    private static TransportException FromAlert(int alert, string peer, Exception error)
        => new(
            alert is (>= 42 and <= 46) or 48 or 49 ? TransportFailure.Refused : TransportFailure.Tls, CryptoError + alert,
            $"The handshake with {peer} failed: TLS alert {alert}.", error);
}
