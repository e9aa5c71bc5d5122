namespace Mycel.Node.Links;

/// <summary>A link could not be had. The message says why and what to do, for the person who asked for it.</summary>
internal sealed class LinkException : Exception
{
    public LinkException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
