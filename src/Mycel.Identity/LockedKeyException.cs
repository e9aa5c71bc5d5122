namespace Mycel.Identity;

/// <summary>A key file is encrypted, and the passphrase is absent or wrong.</summary>
public sealed class LockedKeyException : IdentityException
{
    /// <summary>Makes an exception with a message for the person who runs the node.</summary>
    public LockedKeyException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message for the person who runs the node, and its cause.</summary>
    public LockedKeyException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
