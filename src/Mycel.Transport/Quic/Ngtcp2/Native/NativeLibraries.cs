using System.Reflection;
using System.Runtime.InteropServices;

namespace Mycel.Transport.Quic.Ngtcp2.Native;

/// <summary>Finds and loads the native libraries once, and says why not where that fails. Never throws.</summary>
internal static class NativeLibraries
{
    private const string HowToInstall =
        "Debian 13 or newer, Ubuntu 24.10 or newer: apt-get install libngtcp2-crypto-gnutls8. Debian 12: the same from bookworm-backports.";

    private static readonly Lazy<string?> Problem = new(Load);
    private static nint _ngtcp2;
    private static nint _crypto;
    private static nint _gnuTls;

    /// <summary>Null where all are there and usable; else why not.</summary>
    public static string? WhyNot => Problem.Value;

    /// <summary>The version of libngtcp2; only where <see cref="WhyNot"/> is null.</summary>
    public static unsafe string Version => Marshal.PtrToStringUTF8(((nint*)NativeQuic.ngtcp2_version(0))[1]) ?? "";

    /// <summary>Address of a ready-made callback of the TLS helper.</summary>
    public static nint CryptoCallback(string name) => NativeLibrary.GetExport(_crypto, name);

    private static string? Load()
    {
        if (!OperatingSystem.IsLinux())
            return "The ngtcp2 provider runs on Linux only.";
        try
        {
            // libngtcp2 comes before its helper, whose need of it is met by the one that is loaded.
            if (!TryLoad(GnuTls.Library, out _gnuTls) || !TryLoad(NativeQuic.Library, out _ngtcp2) || !TryLoad(NativeQuic.CryptoLibrary, out _crypto))
                return $"The library ngtcp2 with its GnuTLS part is not installed ({NativeQuic.Library}, {NativeQuic.CryptoLibrary}). {HowToInstall}";
            NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
            return AbiGuard.FindMismatch() is { } mismatch
                ? $"The installed ngtcp2 {Version} is not one that this program knows: {mismatch}. Install version 1.11 to 1.24."
                : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return $"The installed ngtcp2 cannot be used: {error.Message} {HowToInstall}";
        }
    }

    private static bool TryLoad(string name, out nint handle) => NativeLibrary.TryLoad(name, typeof(NativeLibraries).Assembly, null, out handle);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        NativeQuic.Library => _ngtcp2,
        NativeQuic.CryptoLibrary => _crypto,
        GnuTls.Library => _gnuTls,
        _ => 0,
    };
}
