using Google.Protobuf;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;

namespace Mycel.Node.Links;

/// <summary>Messages in frames.</summary>
internal static class WireMessages
{
    public static void Write(FrameWriter writer, FrameKind kind, IMessage message) => message.WriteTo(writer.Begin(kind, message.CalculateSize()));

    /// <exception cref="FrameException">The bytes are no such message.</exception>
    public static T Parse<T>(MessageParser<T> parser, ReadOnlyMemory<byte> payload)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(payload.Span);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new FrameException($"a frame does not hold the message that it should: {error.Message}");
        }
    }

    /// <summary>The next frame, which must be a message; null at the end.</summary>
    /// <exception cref="FrameException">It is another frame, or no such message.</exception>
    /// <exception cref="RefusedException">The peer refuses.</exception>
    public static async ValueTask<T?> ReadAsync<T>(FrameReader reader, MessageParser<T> parser, CancellationToken cancellation)
        where T : class, IMessage<T>
    {
        if (await reader.ReadAsync(cancellation) is not { } frame) return null;
        return frame.Kind switch
        {
            FrameKind.Message => Parse(parser, frame.Payload),
            FrameKind.Refusal => throw new RefusedException(Parse(Refusal.Parser, frame.Payload)),
            _ => throw new FrameException($"a frame of the kind {frame.Kind} came where a message was due"),
        };
    }
}
