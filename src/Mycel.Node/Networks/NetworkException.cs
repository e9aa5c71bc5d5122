namespace Mycel.Node.Networks;

/// <summary>Something about networks cannot be done. The message says what is wrong and what to do, for the person who asked.</summary>
internal sealed class NetworkException : Exception
{
    /// <param name="status">As HTTP has them.</param>
    /// <param name="code">The error code, such as <c>invite_refused</c>.</param>
    /// <param name="message">For people.</param>
    /// <param name="inner">What led to it.</param>
    public NetworkException(int status, string code, string message, Exception? inner = null)
        : base(message, inner)
    {
        Status = status;
        Code = code;
    }

    public int Status { get; }

    public string Code { get; }
}
