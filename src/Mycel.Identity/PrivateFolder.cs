namespace Mycel.Identity;

/// <summary>A folder that only its owner may enter (mode 0700), for keys and state. On Windows the folder's access list decides.</summary>
public static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Creates the folder, parents included, with mode 0700. One that exists and is still empty is set to that mode; one that
    /// holds something is left alone and refused when others may enter it, because Mycel cannot know who relies on that.
    /// </summary>
    /// <exception cref="IdentityException">Other users may enter the folder.</exception>
    /// <exception cref="IOException">It cannot be created, or a file of that name is in its place.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create or change it.</exception>
    public static void Ensure(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.GetFullPath(folder);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, OwnerOnly);
        UnixFileMode mode = File.GetUnixFileMode(path);
        if (!UnixModes.OpenToOthers(mode))
            return;
        if (Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new IdentityException(
                $"The folder {path} is open to other users of this machine (mode {UnixModes.Octal(mode)}), and keys are kept in it. "
                + $"Run: chmod 700 '{path}'");
        }

        File.SetUnixFileMode(path, OwnerOnly);
    }
}
