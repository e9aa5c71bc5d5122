using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Links.Tunnel;

/// <summary>Answers with the data that came.</summary>
internal sealed class EchoHandler : IStreamHandler
{
    public Kind Kind => Kind.Admin;

    public async Task HandleAsync(InboundStream stream)
    {
        while (await stream.Reader.ReadAsync() is { } frame)
        {
            stream.Writer.Write(FrameKind.Data, frame.Payload.Span);
            await stream.Writer.FlushAsync();
        }
        await stream.Writer.FlushAsync(end: true);
    }
}
