namespace Mycel.Transport;

/// <summary>One way to carry links between nodes. Thread-safe; lives as long as the process.</summary>
public interface ITransportProvider
{
    /// <summary>Short name for settings and logs, such as <c>ngtcp2</c>.</summary>
    string Name { get; }

    /// <summary>Whether this machine has what the provider needs.</summary>
    bool IsSupported { get; }

    /// <summary>Where it is not supported: what is missing and how to get it, for the person who runs the node; else null.</summary>
    string? WhyNot { get; }

    /// <summary>Opens a socket that accepts links, and dials them where the provider can do both on one.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">The provider is not supported here; the message is <see cref="WhyNot"/>.</exception>
    /// <exception cref="TransportException">The address cannot be bound (<see cref="TransportFailure.Local"/>).</exception>
    ValueTask<ITransportEndpoint> BindAsync(EndpointOptions options, CancellationToken cancellation = default);
}
