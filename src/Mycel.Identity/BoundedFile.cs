using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Mycel.Identity;

/// <summary>Reads small files whole, and refuses those that are not what they should be.</summary>
internal static class BoundedFile
{
    /// <summary>All bytes of the file, or null when there is none. Pinned, so that the caller can erase the only copy.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Largest size accepted.</param>
    /// <param name="ownerOnly">Refuse a file that anyone but its owner may touch.</param>
    /// <exception cref="IdentityException">It is larger, open to others, no plain file, or belongs to another user.</exception>
    public static byte[]? Read(string path, int maxBytes, bool ownerOnly)
    {
        try
        {
            // Writers replace the file by renaming, which Windows allows under a reader only with these shares.
            using SafeFileHandle handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            if (ownerOnly)
                RefuseIfOpen(handle, path);
            return ReadWhole(handle, path, maxBytes);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IdentityException(
                $"{path} cannot be read: it belongs to another user or is no plain file. "
                + $"Run \"ls -ld '{path}'\" to see which, and start as its owner.",
                denied);
        }
    }

    private static byte[] ReadWhole(SafeFileHandle handle, string path, int maxBytes)
    {
        long length = RandomAccess.GetLength(handle);
        if (length > maxBytes)
            throw new IdentityException($"{path} is damaged: it has {length:N0} bytes, at most {maxBytes:N0} are possible. Restore it from a backup.");
        byte[] content = GC.AllocateUninitializedArray<byte>((int)length, pinned: true);
        int filled = 0;
        while (filled < content.Length)
        {
            int read = RandomAccess.Read(handle, content.AsSpan(filled), filled);
            if (read == 0)
                break;
            filled += read;
        }

        if (filled == content.Length)
            return content;
        CryptographicOperations.ZeroMemory(content);
        throw new IdentityException($"{path} changed while it was read. Try again.");
    }

    private static void RefuseIfOpen(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        UnixFileMode mode = File.GetUnixFileMode(handle);
        if (UnixModes.OpenToOthers(mode))
        {
            throw new IdentityException(
                $"{path} is open to other users of this machine (mode {UnixModes.Octal(mode)}). Run: chmod 600 '{path}'. "
                + "If someone else may have read it, delete it instead: the node then gets a new identity, and stored secrets must be set again.");
        }
    }
}
