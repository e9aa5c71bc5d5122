using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Mycel.Identity.Crypto;

namespace Mycel.Identity;

/// <summary>
/// The text form of a device key: a heading, the seed, and the peer id that follows from it. The peer id is there to be read
/// by people, and to tell a damaged seed from a good one: every 32 bytes are a valid seed.
/// </summary>
internal static class DeviceKeyFile
{
    /// <summary>Largest size of the file, in bytes; the rest beyond the text itself is for white space that an editor may add.</summary>
    public const int MaxBytes = 1024;

    private const int SeedTextLength = 2 * IEd25519.SeedSizeBytes;

    private static ReadOnlySpan<byte> Heading => "mycel device key 1 - secret, never share this file\nseed "u8;

    private static ReadOnlySpan<byte> PeerLabel => "\npeer "u8;

    /// <summary>The file's bytes, pinned; the caller erases them.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> seed, PeerId peerId)
    {
        int length = Heading.Length + SeedTextLength + PeerLabel.Length + PeerId.TextLength + 1;
        byte[] content = GC.AllocateArray<byte>(length, pinned: true);
        Span<byte> rest = content;
        Heading.CopyTo(rest);
        rest = rest[Heading.Length..];
        Convert.TryToHexStringLower(seed, rest, out int written);
        rest = rest[written..];
        PeerLabel.CopyTo(rest);
        rest = rest[PeerLabel.Length..];
        rest[Encoding.ASCII.GetBytes(peerId.ToString(), rest)] = (byte)'\n';
        return content;
    }

    /// <summary>The key in the file's bytes, or null when they are damaged.</summary>
    public static DeviceKey? Decode(ReadOnlySpan<byte> content)
    {
        if (!content.StartsWith(Heading) || content.Length < Heading.Length + SeedTextLength)
            return null;
        Span<byte> seed = stackalloc byte[IEd25519.SeedSizeBytes];
        byte[] expected = [];
        try
        {
            ReadOnlySpan<byte> seedText = content.Slice(Heading.Length, SeedTextLength);
            if (Convert.FromHexString(seedText, seed, out _, out _) != OperationStatus.Done)
                return null;
            var key = new DeviceKey(seed);
            expected = Encode(seed, key.PeerId);
            if (content.TrimEnd(" \t\r\n"u8).SequenceEqual(expected.AsSpan(0, expected.Length - 1)))
                return key;
            key.Dispose();
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
            CryptographicOperations.ZeroMemory(expected);
        }
    }
}
