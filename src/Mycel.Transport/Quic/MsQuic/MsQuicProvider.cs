using System.Net.Quic;
using System.Net.Sockets;

namespace Mycel.Transport.Quic.MsQuic;

/// <summary>
/// QUIC by System.Net.Quic, where .NET finds libmsquic (Windows has it). What it cannot do of what is asked of a provider: it dials from
/// sockets of its own, so that there is no hole punching from the listening port; no reason travels with a close; a dial is
/// complete before the peer has judged this side's certificate, so that a refusal may show at the first use only; and the limits on
/// handshakes, sending buffers and reset keys are libmsquic's own. Before version 2.6 libmsquic ends the process when a peer closes while
/// .NET checks its certificate (microsoft/msquic#5962).
/// </summary>
public sealed class MsQuicProvider : ITransportProvider
{
    /// <inheritdoc/>
    public string Name => "msquic";

    /// <inheritdoc/>
    public bool IsSupported => WhyNot is null;

    /// <inheritdoc/>
    public string? WhyNot => QuicListener.IsSupported
        ? null
        : "System.Net.Quic finds no libmsquic. Windows 11 and Server 2022 bring it; on Linux install the package libmsquic of your distribution or of Microsoft's.";

    /// <inheritdoc/>
    public async ValueTask<ITransportEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (WhyNot is { } problem)
            throw new PlatformNotSupportedException(problem);
        try
        {
            return await MsQuicEndpoint.BindAsync(options, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is QuicException or SocketException)
        {
            throw new TransportException(TransportFailure.Local, 0, $"UDP {options.Local} cannot be bound: {error.Message} Choose another address or port.", error);
        }
    }
}
