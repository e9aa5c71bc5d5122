using System.Buffers;
using Mycel.Node.Backends;

namespace Mycel.Node.Execution;

/// <summary>The way back to the caller.</summary>
internal interface IReplyChannel
{
    /// <summary>Sets status and headers; they go out with the first flush.</summary>
    /// <param name="head">What the backend said.</param>
    /// <param name="contentLength">Bytes to come, or -1.</param>
    /// <param name="route">How the request went, or null when that is not known yet.</param>
    void Start(in ReplyHead head, long contentLength, RouteTaken? route);

    /// <summary>Where the body is written.</summary>
    IBufferWriter<byte> Body { get; }

    /// <summary>Sends what was written; completes when the caller can take more.</summary>
    ValueTask FlushAsync();

    /// <summary>Cuts the reply off so that nobody takes it for whole.</summary>
    void Abort();
}

/// <summary>How a request went, told in the reply's headers.</summary>
/// <param name="Route">Name of the route, such as <c>relay:ipad</c>.</param>
/// <param name="Attempts">Backends asked, the last one included.</param>
/// <param name="Queue">Time spent waiting for a slot.</param>
/// <param name="Backend">Time from the last asking to its first output.</param>
/// <param name="Receipt">Id of the receipt that there will be for it; null where nothing is paid.</param>
internal readonly record struct RouteTaken(string Route, int Attempts, TimeSpan Queue, TimeSpan Backend, string? Receipt = null);
