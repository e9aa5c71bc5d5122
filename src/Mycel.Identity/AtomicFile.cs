using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Mycel.Identity;

/// <summary>
/// Replaces whole files so that a reader, and the disk after a power cut, holds either the old content or the new one, never a part.
/// Two writers at once do not mix their bytes, but the last one wins: take a <see cref="FileLock"/> around read, change and write.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Mode 0600: the owner reads and writes, nobody else does anything.</summary>
    public const UnixFileMode PrivateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const int ErrnoIo = 5;

    /// <summary>
    /// Writes a temporary file beside <paramref name="path"/>, flushes it to the disk, renames it over <paramref name="path"/>
    /// and flushes the folder. Blocks for as long as the disk takes, usually a few milliseconds.
    /// </summary>
    /// <param name="path">File to create or replace; its folder must exist. A symbolic link is replaced, not followed.</param>
    /// <param name="content">All bytes of the file.</param>
    /// <param name="mode">Exact mode of the file whatever the umask, from before its first byte is written. Ignored on Windows.</param>
    /// <exception cref="IOException">The disk is full or failed. <paramref name="path"/> is then as it was before.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = PrivateMode)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string target = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(target)
            ?? throw new ArgumentException($"{path} is a folder, not a file.", nameof(path));
        string suffix = RandomNumberGenerator.GetHexString(16, lowercase: true);
        string temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{suffix}.tmp");
        try
        {
            WriteThrough(temporary, content, mode);
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        FlushFolder(folder);
    }

    private static void WriteThrough(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = PrivateMode;
        using var stream = new FileStream(path, options);

        // The mode at creation is cut by the umask; set on the open handle it is exact.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(stream.SafeFileHandle, mode);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Makes the rename itself outlast a power cut. .NET opens no folders, hence the C library.</summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        using SafeFileHandle handle = OpenReadOnly(folder, flags: 0);

        // A folder that cannot be opened for reading, and a file system that cannot flush folders, are no failure: the content is there.
        if (!handle.IsInvalid && Flush(handle) != 0 && Marshal.GetLastPInvokeError() == ErrnoIo)
            throw new IOException($"The disk failed while {folder} was written. Check the disk, then try again.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenReadOnly(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle handle);
}
