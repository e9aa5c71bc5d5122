using Mycel.Transport.Tests.Tunnel;

namespace Mycel.Transport.Tests.Conformance;

public sealed class TunnelConformanceTests() : CarrierConformance(TcpTunnelEndpoint.Provider);
