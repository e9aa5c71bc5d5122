using Mycel.Transport.Quic.MsQuic;
using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Conformance;

/// <summary>The same between two providers: ngtcp2 listens, System.Net.Quic dials.</summary>
public sealed class MsQuicDialsNgtcp2Tests() : TransportConformance(new AlternatingProvider(new Ngtcp2Provider(), new MsQuicProvider()))
{
    protected override bool CarriesReason => false;

    protected override bool TellsRefusalAtConnect => false;

    protected override bool OpensLazily => false;
}

/// <summary>The same between two providers: System.Net.Quic listens, ngtcp2 dials.</summary>
public sealed class Ngtcp2DialsMsQuicTests() : TransportConformance(new AlternatingProvider(new MsQuicProvider(), new Ngtcp2Provider()))
{
    protected override bool CarriesReason => false;
}

/// <summary>Binds with one provider, then with the other, and so on: the tests bind the listening end first.</summary>
internal sealed class AlternatingProvider(ITransportProvider first, ITransportProvider second) : ITransportProvider
{
    private int _bound;

    public string Name => $"{second.Name} with {first.Name}";

    public bool IsSupported => first.IsSupported && second.IsSupported;

    public string? WhyNot => first.WhyNot ?? second.WhyNot;

    public ValueTask<ITransportEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation = default)
        => (Interlocked.Increment(ref _bound) % 2 == 1 ? first : second).BindAsync(options, cancellation);
}
