using Mycel.Transport.Quic.MsQuic;
using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport;

/// <summary>The providers of this library.</summary>
public static class TransportProviders
{
    /// <summary>All, the one to prefer first: ngtcp2 dials from the socket it listens on, and tells sooner and more of what happens.</summary>
    public static IReadOnlyList<ITransportProvider> All { get; } = [new Ngtcp2Provider(), new MsQuicProvider()];

    /// <summary>The first that is supported here; null for none.</summary>
    public static ITransportProvider? Best => All.FirstOrDefault(static provider => provider.IsSupported);

    /// <summary>The one of this name; null for none.</summary>
    public static ITransportProvider? Find(string name) => All.FirstOrDefault(provider => string.Equals(provider.Name, name, StringComparison.OrdinalIgnoreCase));
}
