using System.Runtime.InteropServices;

namespace Mycel.Identity.Crypto;

/// <summary>The functions of libsodium that are used here, and how the library is found.</summary>
internal static partial class Sodium
{
    private const string Library = "libsodium";

    private static readonly Lock LoadGate = new();
    private static volatile bool _loaded;

    /// <summary>Names under which systems install the library, the one of the running system's packages first.</summary>
    private static string[] FileNames =>
        OperatingSystem.IsWindows() ? ["libsodium.dll"]
        : OperatingSystem.IsMacOS() ? ["libsodium.dylib", "/opt/homebrew/lib/libsodium.dylib", "/usr/local/lib/libsodium.dylib"]
        : ["libsodium.so.23", "libsodium.so.26", "libsodium.so"];

    /// <summary>Loads and initialises the library at the first call; must come before any other function.</summary>
    /// <exception cref="DllNotFoundException">It is not installed.</exception>
    public static void EnsureLoaded()
    {
        if (_loaded)
            return;
        lock (LoadGate)
        {
            if (_loaded)
                return;
            nint handle = Load(FileNames);
            NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, (name, _, _) => name == Library ? handle : 0);
            if (Initialise() < 0)
                throw new InvalidOperationException("libsodium could not be initialised: the system gives it no random numbers. Check /dev/urandom.");
            _loaded = true;
        }
    }

    /// <summary>Loads the first library of these that is there.</summary>
    /// <exception cref="DllNotFoundException">None is.</exception>
    internal static nint Load(IReadOnlyList<string> fileNames)
    {
        foreach (string name in fileNames)
        {
            if (NativeLibrary.TryLoad(name, typeof(Sodium).Assembly, searchPath: null, out nint handle))
                return handle;
        }

        throw new DllNotFoundException(
            $"The library libsodium is not installed (looked for {string.Join(", ", fileNames)}). "
            + "Install it and start again. Debian, Ubuntu: apt-get install libsodium23. Fedora: dnf install libsodium. "
            + "macOS: brew install libsodium. Windows: put libsodium.dll beside the program.");
    }

    [LibraryImport(Library, EntryPoint = "sodium_init")]
    private static partial int Initialise();

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_seed_keypair")]
    internal static partial int SignSeedKeyPair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_detached")]
    internal static partial int SignDetached(
        Span<byte> signature, nint signatureLength, ReadOnlySpan<byte> message, ulong messageLength, ReadOnlySpan<byte> secretKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_verify_detached")]
    internal static partial int SignVerifyDetached(
        ReadOnlySpan<byte> signature, ReadOnlySpan<byte> message, ulong messageLength, ReadOnlySpan<byte> publicKey);

    [LibraryImport(Library, EntryPoint = "crypto_pwhash")]
    internal static partial int PasswordHash(
        Span<byte> key, ulong keyLength, ReadOnlySpan<byte> passphrase, ulong passphraseLength, ReadOnlySpan<byte> salt, ulong operations, nuint memoryBytes, int algorithm);

    [LibraryImport(Library, EntryPoint = "crypto_aead_xchacha20poly1305_ietf_encrypt")]
    internal static partial int AeadEncrypt(
        Span<byte> ciphertext, out ulong ciphertextLength, ReadOnlySpan<byte> message, ulong messageLength,
        ReadOnlySpan<byte> associatedData, ulong associatedDataLength, nint secretNonce, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key);

    [LibraryImport(Library, EntryPoint = "crypto_aead_xchacha20poly1305_ietf_decrypt")]
    internal static partial int AeadDecrypt(
        Span<byte> message, out ulong messageLength, nint secretNonce, ReadOnlySpan<byte> ciphertext, ulong ciphertextLength,
        ReadOnlySpan<byte> associatedData, ulong associatedDataLength, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key);
}
