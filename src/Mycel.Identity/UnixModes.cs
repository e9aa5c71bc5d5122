namespace Mycel.Identity;

/// <summary>What the permission bits of a file say.</summary>
internal static class UnixModes
{
    private const UnixFileMode GroupAndOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Whether anyone but the owner (and root) may do anything with it.</summary>
    public static bool OpenToOthers(UnixFileMode mode) => (mode & GroupAndOthers) != 0;

    /// <summary>The mode as chmod takes it, such as 0644.</summary>
    public static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');
}
