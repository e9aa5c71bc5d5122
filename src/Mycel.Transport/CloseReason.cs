using System.Text;

namespace Mycel.Transport;

/// <summary>Reasons as they travel with a close.</summary>
internal static class CloseReason
{
    /// <summary>The reason in at most <see cref="ITransportConnection.MaxReasonBytes"/> bytes of whole characters.</summary>
    public static byte[] Cut(string reason)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(reason);
        int length = Math.Min(bytes.Length, ITransportConnection.MaxReasonBytes);
        while (length < bytes.Length && length > 0 && (bytes[length] & 0xC0) == 0x80)
            length--;
        return bytes[..length];
    }
}
