namespace Mycel.Node.Backends.Relay;

/// <summary>Why a device gave no whole answer.</summary>
internal enum DeviceFaultKind
{
    /// <summary>No connection: refused, no route, unknown name, TLS failure, or not within the time set.</summary>
    Unreachable,

    /// <summary>The connection ended before the reply did.</summary>
    Interrupted,

    /// <summary>What came back is not a reply: broken HTTP, an HTML page, a stream without output.</summary>
    Invalid,

    /// <summary>Silent past its time.</summary>
    TimedOut,
}

/// <summary>A device failed to answer. The message is one sentence that may be shown to the caller.</summary>
internal sealed class DeviceFaultException(DeviceFaultKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public DeviceFaultKind Kind { get; } = kind;
}
