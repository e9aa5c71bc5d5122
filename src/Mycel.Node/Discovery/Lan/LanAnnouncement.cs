using Mycel.Identity.Certificates;

namespace Mycel.Node.Discovery.Lan;

/// <summary>What a node says of itself on its local network.</summary>
/// <param name="Certificate">Its device certificate.</param>
/// <param name="IssuedAtMs">When it says so: Unix time in milliseconds, growing with each announcement of the device.</param>
/// <param name="Ports">Where it is reached, at the address that the datagram comes from.</param>
/// <param name="Asks">Whether it wants the others to announce themselves soon: it started, or its network changed.</param>
internal sealed record LanAnnouncement(DeviceCertificate Certificate, long IssuedAtMs, LanPorts Ports, bool Asks);

/// <summary>Where a node is reached at the addresses of its machine.</summary>
/// <param name="Link">UDP port for QUIC; 0 for none.</param>
/// <param name="Tunnel">TCP port of its HTTP interface; 0 for none.</param>
internal readonly record struct LanPorts(int Link, int Tunnel);
