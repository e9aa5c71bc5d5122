namespace Mycel.Node;

/// <summary>Who this node is, to other nodes.</summary>
/// <param name="Value">The peer id, lower-case hexadecimal.</param>
internal sealed record NodeId(string Value);
