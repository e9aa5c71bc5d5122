namespace Mycel.Identity.Networks;

/// <summary>A node that a guest may try, and where.</summary>
/// <param name="PeerId">The node; whoever answers at an address must prove to be it.</param>
/// <param name="Addresses">Addresses <c>host:port</c>, 1 to 8, in the order to be tried.</param>
public sealed record InviteAddress(PeerId PeerId, IReadOnlyList<string> Addresses);
