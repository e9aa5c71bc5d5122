using Google.Protobuf;
using Mycel.Identity;

namespace Mycel.Node.Networks;

/// <summary>Ids as messages hold them.</summary>
internal static class WireIds
{
    public static ByteString Of(PeerId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.CopyTo(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>Null where it has not the length of an id.</summary>
    public static NetworkId? Network(ByteString bytes) => bytes.Length == PeerId.SizeBytes ? new NetworkId(new PeerId(bytes.Span)) : null;
}
