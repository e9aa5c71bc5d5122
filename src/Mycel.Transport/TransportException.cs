namespace Mycel.Transport;

/// <summary>What kept a link from coming about, or ended it or a stream.</summary>
public enum TransportFailure
{
    /// <summary>One side refuses the other: its certificate was not accepted, or it takes no more connections.</summary>
    Refused,

    /// <summary>No answer for too long.</summary>
    Timeout,

    /// <summary>The TLS handshake failed otherwise: no certificate, another protocol (ALPN), no common cipher.</summary>
    Tls,

    /// <summary>The peer broke the protocol, or has forgotten the connection (it was restarted).</summary>
    Transport,

    /// <summary>The program at the other end ended it, with a code.</summary>
    Application,

    /// <summary>This side ended it, or could not begin.</summary>
    Local,
}

/// <summary>A link or stream failed.</summary>
public sealed class TransportException : IOException
{
    /// <summary>With what happened, its code and a message for the person who runs the node.</summary>
    public TransportException(TransportFailure kind, long code, string message, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        Code = code;
    }

    /// <summary>What happened.</summary>
    public TransportFailure Kind { get; }

    /// <summary>
    /// Application: the code that the other end gave. Local: the code given here. Transport and Tls: the QUIC error code where there is
    /// one. Else 0.
    /// </summary>
    public long Code { get; }
}
