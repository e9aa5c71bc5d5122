using Mycel.Identity;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>Dials addresses of one form.</summary>
internal interface ICarrierDialer
{
    Carrier Carrier { get; }

    /// <summary>Whether it knows what to do with an address of this form.</summary>
    bool CanDial(string address);

    /// <summary>Connects, and returns when both sides have accepted each other's certificate; who answered is for the caller to compare.</summary>
    /// <param name="address">Where.</param>
    /// <param name="peer">Whom it is hoped to find there.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="TransportException">It could not be connected.</exception>
    /// <exception cref="LinkException">It could not be connected; the message is for people.</exception>
    Task<ITransportConnection> DialAsync(string address, PeerId peer, CancellationToken cancellation);
}

/// <summary>Gives further addresses at which a peer may be reached, such as through a third node; tried after its own.</summary>
internal interface IDetours
{
    IReadOnlyList<string> To(PeerId peer);
}
