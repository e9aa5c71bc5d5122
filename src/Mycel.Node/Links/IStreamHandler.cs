using Mycel.Node.Links.Wire;

namespace Mycel.Node.Links;

/// <summary>Answers the streams of one kind that peers open.</summary>
internal interface IStreamHandler
{
    /// <summary>The kind.</summary>
    Kind Kind { get; }

    /// <summary>
    /// Answers one stream; the caller disposes of it afterwards. What it throws is logged, and the stream aborted. Returns only when
    /// it is done with the stream.
    /// </summary>
    Task HandleAsync(InboundStream stream);
}
