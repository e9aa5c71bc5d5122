using Mycel.Transport.Quic.MsQuic;

namespace Mycel.Transport.Tests.Conformance;

public sealed class MsQuicConformanceTests() : TransportConformance(new MsQuicProvider())
{
    protected override bool CarriesReason => false;

    protected override bool TellsRefusalAtConnect => false;

    protected override bool OpensLazily => false;
}
