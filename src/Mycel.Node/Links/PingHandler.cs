using Mycel.Node.Links.Wire;

namespace Mycel.Node.Links;

/// <summary>Answers that this node is there.</summary>
internal sealed class PingHandler : IStreamHandler
{
    public Kind Kind => Kind.Ping;

    public async Task HandleAsync(InboundStream stream) => await stream.Writer.FlushAsync(end: true);
}
