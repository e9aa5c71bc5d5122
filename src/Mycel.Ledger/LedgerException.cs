namespace Mycel.Ledger;

/// <summary>The ledger cannot do what was asked; the message says why, and what to do.</summary>
public sealed class LedgerException : Exception
{
    /// <summary>With a message for people.</summary>
    public LedgerException(string message)
        : base(message)
    {
    }

    /// <summary>With a message for people, and the cause.</summary>
    public LedgerException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>Without a message.</summary>
    public LedgerException()
    {
    }
}
