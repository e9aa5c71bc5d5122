namespace Mycel.Node.Hosting;

/// <summary>The node cannot start. The message says why and what to do, and is shown as it is.</summary>
/// <param name="message">Why, and what to do.</param>
/// <param name="isSetting">Whether a setting is at fault, and not the machine.</param>
/// <param name="inner">What went wrong underneath.</param>
internal sealed class NodeStartException(string message, bool isSetting = false, Exception? inner = null) : Exception(message, inner)
{
    public bool IsSetting { get; } = isSetting;
}
