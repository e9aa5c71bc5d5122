using System.Security.Cryptography;

namespace Mycel.Identity.Crypto;

/// <summary>
/// Authenticated encryption with XChaCha20-Poly1305 by libsodium, each message under a random nonce of its own: 24 bytes are
/// so many that two never meet.
/// </summary>
internal static class XChaCha20Poly1305
{
    /// <summary>Length of a key, in bytes.</summary>
    public const int KeySizeBytes = 32;

    /// <summary>What sealing adds to a message, in bytes: nonce (24) before it and tag (16) after it.</summary>
    public const int OverheadBytes = NonceSizeBytes + TagSizeBytes;

    internal const int NonceSizeBytes = 24;
    internal const int TagSizeBytes = 16;

    /// <summary>Encrypts the message and binds it to the associated data: nonce, ciphertext, tag.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> associatedData)
    {
        Span<byte> nonce = stackalloc byte[NonceSizeBytes];
        RandomNumberGenerator.Fill(nonce);
        return Seal(key, nonce, message, associatedData);
    }

    /// <summary>As above with a given nonce, which must never be used twice under one key.</summary>
    internal static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> message, ReadOnlySpan<byte> associatedData)
    {
        RequireKey(key);
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSizeBytes, nameof(nonce));
        Sodium.EnsureLoaded();
        var box = new byte[message.Length + OverheadBytes];
        nonce.CopyTo(box);
        int status = Sodium.AeadEncrypt(
            box.AsSpan(NonceSizeBytes), out _, message, (ulong)message.Length, associatedData, (ulong)associatedData.Length, 0, nonce, key);
        return status == 0 ? box : throw new CryptographicException("libsodium could not encrypt.");
    }

    /// <summary>
    /// Decrypts what <see cref="Seal(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> made, into a pinned array that
    /// the caller erases; null when key, associated data or any byte differs.
    /// </summary>
    public static byte[]? Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, ReadOnlySpan<byte> associatedData)
    {
        RequireKey(key);
        if (box.Length < OverheadBytes)
            return null;
        Sodium.EnsureLoaded();
        byte[] message = GC.AllocateArray<byte>(box.Length - OverheadBytes, pinned: true);
        ReadOnlySpan<byte> ciphertext = box[NonceSizeBytes..];
        int status = Sodium.AeadDecrypt(
            message, out _, 0, ciphertext, (ulong)ciphertext.Length, associatedData, (ulong)associatedData.Length, box[..NonceSizeBytes], key);
        return status == 0 ? message : null;
    }

    private static void RequireKey(ReadOnlySpan<byte> key)
        => ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySizeBytes, nameof(key));
}
