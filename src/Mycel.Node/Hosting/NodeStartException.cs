namespace Mycel.Node.Hosting;

/// <summary>The node cannot start. The message says why and what to do, and is shown as it is.</summary>
internal sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
