using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Mycel.Identity;

namespace Mycel.Node.Hosting;

/// <summary>The Unix socket through which this machine's own commands reach a running node; who may open it is admin without a key.</summary>
internal static partial class ControlSocket
{
    /// <summary>Longest path that fits a socket address everywhere, in bytes.</summary>
    private const int MaxPathBytes = 100;

    /// <summary>Where the socket of the node with this data folder is. A path too long for a socket is replaced by a short one in the
    /// temporary folder, named after the data folder.</summary>
    /// <param name="dataDir">The data folder, as full path.</param>
    public static string PathFor(string dataDir)
    {
        string path = Path.Combine(dataDir, "run", "control.sock");
        if (Encoding.UTF8.GetByteCount(path) <= MaxPathBytes) return path;
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDir)))[..16];
        return OperatingSystem.IsWindows()
            ? Path.Combine(Path.GetTempPath(), "mycel", $"{hash}.sock")
            : $"/tmp/mycel-{GetUserId()}/{hash}.sock";
    }

    /// <summary>Makes the socket's folder, private to this user, and removes what a node that was killed left behind.</summary>
    /// <returns>The socket's path.</returns>
    public static string Prepare(string dataDir)
    {
        var path = PathFor(dataDir);
        PrivateFolder.Ensure(Path.GetDirectoryName(path)!);
        File.Delete(path);
        return path;
    }

    /// <summary>Lets no other user of the machine open the socket.</summary>
    public static void Protect(string dataDir)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(PathFor(dataDir), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetUserId();
}
