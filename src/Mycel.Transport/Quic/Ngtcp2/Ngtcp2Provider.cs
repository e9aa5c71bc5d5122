using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>QUIC by the native libraries ngtcp2 and GnuTLS, on Linux. One socket accepts and dials.</summary>
public sealed class Ngtcp2Provider : ITransportProvider
{
    /// <inheritdoc/>
    public string Name => "ngtcp2";

    /// <inheritdoc/>
    public bool IsSupported => WhyNot is null;

    /// <inheritdoc/>
    public string? WhyNot => NativeLibraries.WhyNot;

    /// <summary>Version of the native library, for people; empty where it is not supported.</summary>
    public string Version => IsSupported ? NativeLibraries.Version : "";

    /// <inheritdoc/>
    public ValueTask<ITransportEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return new ValueTask<ITransportEndpoint>(Bind(options, null));
    }

    /// <summary>As above, with what a test puts around the socket.</summary>
    internal static QuicEndpoint Bind(EndpointOptions options, Func<IDatagramSocket, IDatagramSocket>? wrap)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (NativeLibraries.WhyNot is { } problem)
            throw new PlatformNotSupportedException(problem);
        IDatagramSocket socket = new UdpSocket(options.Local);
        if (wrap is not null)
            socket = wrap(socket);
        try
        {
            return new QuicEndpoint(options, socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
