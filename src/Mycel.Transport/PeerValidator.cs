namespace Mycel.Transport;

/// <summary>
/// Judges the peer's certificate inside the TLS handshake, on both sides. Must be pure and fast: nothing else of the endpoint moves
/// meanwhile. One that throws refuses.
/// </summary>
/// <param name="certificateDer">The leaf certificate; valid during the call only.</param>
/// <returns>Null to accept; else why not, for the log of this side (the peer learns only that it was refused).</returns>
public delegate string? PeerValidator(ReadOnlySpan<byte> certificateDer);
