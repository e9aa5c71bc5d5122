namespace Mycel.Node.Peers;

/// <summary>Where this node's own interface is reached from within, without a key.</summary>
/// <param name="SocketPath">Path of the control socket.</param>
internal sealed record ControlAddress(string SocketPath);
