using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Conformance;

public sealed class Ngtcp2ConformanceTests() : TransportConformance(new Ngtcp2Provider())
{
    protected override bool HoldsNothing(ITransportEndpoint endpoint)
        => endpoint is QuicEndpoint quic && quic.Blocks.Outstanding == 0 && quic.Budget.HeldBytes == 0;
}
