using System.Net;

namespace Mycel.Transport;

/// <summary>
/// An encrypted connection with a peer whose certificate was accepted, carrying many bidirectional streams. Thread-safe. Disposing
/// of it closes it with code 0.
/// </summary>
public interface ITransportConnection : IAsyncDisposable
{
    /// <summary>Longest reason that travels with a close, in bytes of UTF-8; the rest is cut.</summary>
    const int MaxReasonBytes = 64;

    /// <summary>Where the peer is now; changes when its address changes under way.</summary>
    IPEndPoint RemoteEndPoint { get; }

    /// <summary>The peer's certificate, as the DER bytes that the validator saw.</summary>
    ReadOnlyMemory<byte> PeerCertificate { get; }

    /// <summary>Completes when the connection has ended, with how; never fails.</summary>
    Task<TransportEnd> Closed { get; }

    /// <summary>
    /// Opens a stream. Waits only while as many are open as the peer allows. The peer sees the stream with its first byte or its end,
    /// and with some providers before; write at once, or dispose of it.
    /// </summary>
    /// <exception cref="TransportException">The connection has ended.</exception>
    ValueTask<ITransportStream> OpenStreamAsync(CancellationToken cancellation = default);

    /// <summary>Waits for the next stream of the peer; null when the connection has ended.</summary>
    ValueTask<ITransportStream?> AcceptStreamAsync(CancellationToken cancellation = default);

    /// <summary>Ends the connection and all its streams at once. Data not yet delivered is lost.</summary>
    /// <param name="code">What the peer's <see cref="Closed"/> shows, 0 to 2^62-1.</param>
    /// <param name="reason">For people; at most <see cref="MaxReasonBytes"/>. Some providers do not carry it.</param>
    ValueTask CloseAsync(long code, string reason);

    /// <summary>Figures of the moment; all zero once the connection has ended.</summary>
    TransportStatistics ReadStatistics();
}
