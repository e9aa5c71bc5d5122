namespace Mycel.Node.Admission;

/// <summary>The key store cannot do what was asked. The message says why and what to do, and holds no secret.</summary>
internal sealed class KeyStoreException(KeyStoreFault fault, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The kind of refusal.</summary>
    public KeyStoreFault Fault { get; } = fault;
}
