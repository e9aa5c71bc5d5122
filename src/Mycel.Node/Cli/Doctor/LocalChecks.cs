using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Checks of this machine.</summary>
internal static class LocalChecks
{
    /// <summary>Less free space than this is worth a warning: 1 GB.</summary>
    private const long LowDiskBytes = 1L << 30;

    /// <summary>Clocks further apart than this are worth a warning.</summary>
    private static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(30);

    private static readonly string[] PrivateFiles = [DeviceKey.FileName, SecretStore.FileName, "keys.json"];

    /// <summary>Whether the settings can be read; one check for each mistake and each warning.</summary>
    public static IEnumerable<DoctorCheck> Configuration(LoadedConfiguration loaded)
    {
        const string Name = "Configuration";
        foreach (ConfigurationProblem error in loaded.Errors) yield return DoctorCheck.Failed(Name, error.ToString(), "Mend it; 'mycel config check' shows the line.");
        foreach (ConfigurationProblem warning in loaded.Warnings) yield return DoctorCheck.Warning(Name, warning.ToString(), "See 'mycel config show'.");
        if (loaded.Errors.Count == 0) yield return DoctorCheck.Ok(Name, loaded.File ?? "no file, defaults");
    }

    /// <summary>Whether the library for keys and secrets is there.</summary>
    public static DoctorCheck Cryptography()
    {
        const string Name = "libsodium";
        try
        {
            // Any use of it loads the library.
            _ = DeviceKey.Verify(new byte[DeviceKey.PublicKeySizeBytes], [], new byte[DeviceKey.SignatureSizeBytes]);
            return DoctorCheck.Ok(Name, "present");
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or CryptographicException)
        {
            return DoctorCheck.Failed(Name, error.GetBaseException().Message, "On Debian and Ubuntu: apt install libsodium23");
        }
    }

    /// <summary>Whether the data folder can be used, and by nobody else.</summary>
    public static DoctorCheck DataFolder(string folder)
    {
        const string Name = "Data folder";
        if (!Directory.Exists(folder))
        {
            if (File.Exists(folder)) return DoctorCheck.Failed(Name, $"{folder} is a file", "Name another folder with data_dir.");
            return IsWritable(ExistingParent(folder))
                ? DoctorCheck.Ok(Name, $"{folder} will be made at the first start")
                : DoctorCheck.Failed(Name, $"{folder} can't be made", "Give yourself the right to, or name another folder with data_dir.");
        }

        if (!IsWritable(folder)) return DoctorCheck.Failed(Name, $"{folder} can't be written to", $"Run as its owner, or: chown -R \"$USER\" {folder}");
        if (IsOpenToOthers(folder)) return DoctorCheck.Failed(Name, $"{folder} is open to other users", $"chmod 700 {folder}");
        string? open = PrivateFiles.Select(file => Path.Combine(folder, file)).FirstOrDefault(file => File.Exists(file) && IsOpenToOthers(file));
        return open is null ? DoctorCheck.Ok(Name, folder) : DoctorCheck.Failed(Name, $"{open} is open to other users", $"chmod 600 {open}");
    }

    /// <summary>Whether there is room left.</summary>
    public static DoctorCheck Disk(string folder)
    {
        const string Name = "Disk space";
        try
        {
            long free = new DriveInfo(ExistingParent(folder)).AvailableFreeSpace;
            string detail = $"{HumanFormat.Bytes(free)} free";
            return free < LowDiskBytes ? DoctorCheck.Warning(Name, detail, "Make room, at least 1 GB.") : DoctorCheck.Ok(Name, detail);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return DoctorCheck.Skipped(Name, error.Message);
        }
    }

    /// <summary>Whether the port is free, or taken by our own node.</summary>
    public static DoctorCheck Port(string host, int port, NodeStatusReply? status)
    {
        // A running node may have been given another port by a flag.
        if (status is not null)
            return DoctorCheck.Ok(Uri.TryCreate(status.Endpoint, UriKind.Absolute, out Uri? endpoint) ? $"Port {endpoint.Port}" : "Port", "held by the node");
        string name = $"Port {port}";
        if (port == 0) return DoctorCheck.Ok(name, "any free port");
        IPAddress address = IPAddress.TryParse(host, out IPAddress? parsed) ? parsed : IPAddress.Loopback;
        try
        {
            // As the node will: a connection of a former run that is still being closed is no obstacle.
            using Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (!OperatingSystem.IsWindows()) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return DoctorCheck.Ok(name, "free");
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => DoctorCheck.Failed(name, "in use by another program", $"Stop it (ss -ltnp 'sport = :{port}' names it), or take another port with --port or api.port."),
                SocketError.AccessDenied => DoctorCheck.Failed(name, "not allowed for this user", "Take a port above 1023 with --port or api.port."),
                SocketError.AddressNotAvailable => DoctorCheck.Failed(name, $"{host} is no address of this machine", "Mend api.host."),
                _ => DoctorCheck.Failed(name, error.Message, "Mend api.host or api.port."),
            };
        }
    }

    /// <summary>Whether this machine's clock agrees with the others'.</summary>
    public static DoctorCheck Clock(IReadOnlyList<DateHeader> dates)
    {
        const string Name = "Clock";
        if (dates.Count == 0) return DoctorCheck.Skipped(Name, "no device to compare it with");
        DateHeader worst = dates.MaxBy(date => date.Skew.Duration());
        TimeSpan skew = worst.Skew.Duration();
        if (skew <= MaxSkew) return DoctorCheck.Ok(Name, $"within {Math.Max(Math.Ceiling(skew.TotalSeconds), 1):0} s of {HumanFormat.Of(dates.Count, "device")}");
        return DoctorCheck.Warning(Name, $"{worst.Device} is {HumanFormat.Duration(skew)} {(worst.Skew > TimeSpan.Zero ? "ahead" : "behind")}",
            "Set both clocks by NTP: timedatectl set-ntp true");
    }

    private static bool IsOpenToOthers(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != 0;

    private static string ExistingParent(string folder)
    {
        string? parent = Path.GetFullPath(folder);
        while (parent is not null && !Directory.Exists(parent)) parent = Path.GetDirectoryName(parent);
        return parent ?? Path.GetPathRoot(Path.GetFullPath(folder)) ?? "/";
    }

    private static bool IsWritable(string folder)
    {
        try
        {
            string probe = Path.Combine(folder, $".mycel-doctor-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
