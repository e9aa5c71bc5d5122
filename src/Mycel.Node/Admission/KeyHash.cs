using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Mycel.Node.Admission;

/// <summary>SHA-256 of a key's secret. A plain hash is enough, because the secret is 256 random bits and not a password.</summary>
internal readonly record struct KeyHash(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Longest secret looked at, in characters; none that the node makes is longer than 49.</summary>
    public const int MaxSecretLength = 128;

    private const int MaxUtf8BytesPerChar = 3;

    /// <summary>The hash of a secret of at most <see cref="MaxSecretLength"/> characters. Allocates nothing.</summary>
    public static KeyHash Of(ReadOnlySpan<char> secret)
    {
        Span<byte> utf8 = stackalloc byte[MaxSecretLength * MaxUtf8BytesPerChar];
        var length = Encoding.UTF8.GetBytes(secret, utf8);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..length], digest);
        CryptographicOperations.ZeroMemory(utf8[..length]);
        return FromBytes(digest);
    }

    /// <summary>Reads the form of <see cref="ToString"/>.</summary>
    public static bool TryParse(string? hex, out KeyHash hash)
    {
        hash = default;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        if (hex?.Length != 2 * digest.Length) return false;
        if (Convert.FromHexString(hex, digest, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        hash = FromBytes(digest);
        return true;
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<ulong> words = [A, B, C, D];
        return Convert.ToHexStringLower(MemoryMarshal.AsBytes(words));
    }

    /// <summary>The bits of a hash are spread evenly as they are.</summary>
    public override int GetHashCode() => A.GetHashCode();

    private static KeyHash FromBytes(ReadOnlySpan<byte> digest)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(digest);
        return new KeyHash(words[0], words[1], words[2], words[3]);
    }
}
