using System.Net;

namespace Mycel.Transport;

/// <summary>A bound address that links come in at and go out from. Thread-safe. Disposing of it closes all its connections.</summary>
public interface ITransportEndpoint : IAsyncDisposable
{
    /// <summary>The address it is bound to, with the port that the system chose where 0 was asked for.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>Waits for the next connection from a peer whose certificate was accepted.</summary>
    /// <exception cref="ObjectDisposedException">The endpoint was disposed of.</exception>
    ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation = default);

    /// <summary>Connects; returns when both sides have accepted each other's certificate.</summary>
    /// <exception cref="TransportException">It could not be connected; the kind says why.</exception>
    /// <exception cref="ObjectDisposedException">The endpoint was disposed of.</exception>
    ValueTask<ITransportConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation = default);

    /// <summary>Uses these credentials for connections from now on; those that exist keep the old ones.</summary>
    void UpdateCredentials(TransportCredentials credentials);
}
