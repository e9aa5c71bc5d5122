namespace Mycel.Transport.Tests.Tunnel;

/// <summary>Tunnels over one kind of carrier, so that they can be tried and measured as a provider.</summary>
/// <param name="name">What it is called.</param>
/// <param name="make">Makes an endpoint, not started yet.</param>
internal sealed class CarrierProvider(string name, Func<EndpointOptions, CarrierEndpoint> make) : ITransportProvider
{
    public string Name => name;

    public bool IsSupported => true;

    public string? WhyNot => null;

    public async ValueTask<ITransportEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation = default)
    {
        CarrierEndpoint endpoint = make(options);
        await endpoint.StartAsync();
        return endpoint;
    }
}
