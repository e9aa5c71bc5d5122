namespace Mycel.Identity;

/// <summary>A certificate, membership, invite or other signed statement is not valid. The message says why and may be shown to anyone.</summary>
public sealed class StatementException : IdentityException
{
    /// <summary>Makes an exception with the reason, one sentence.</summary>
    public StatementException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with the reason, one sentence, and its cause.</summary>
    public StatementException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
