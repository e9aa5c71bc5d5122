namespace Mycel.Identity;

/// <summary>
/// A file of this library cannot be used as it is: it is damaged, open to other users, full, or locked by another process.
/// The message says which file, what is wrong and what to do, and never holds a secret, so it may be shown as it is.
/// </summary>
public class IdentityException : Exception
{
    /// <summary>Makes an exception with a message for the person who runs the node.</summary>
    public IdentityException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message for the person who runs the node, and its cause.</summary>
    public IdentityException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
