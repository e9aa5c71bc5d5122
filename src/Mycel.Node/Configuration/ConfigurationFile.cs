using System.Text;

namespace Mycel.Node.Configuration;

/// <summary>Finds the configuration file and reads its text.</summary>
internal static class ConfigurationFile
{
    /// <summary>Largest file read, in bytes.</summary>
    public const int MaxBytes = 1 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file to read: the flag's, else the variable's, else the first usual one that exists, else null.</summary>
    public static (string? Path, SettingOrigin Origin) Locate(CommandLineSettings flags, IReadOnlyDictionary<string, string> variables, ConfigurationPaths paths)
    {
        if (flags.ConfigFile is { } flagged) return (paths.Full(flagged), new SettingOrigin(SettingSource.Flag, "--config"));
        if (EnvironmentSettings.ValueOf(variables, EnvironmentSettings.ConfigFileName) is { } named)
            return (paths.Full(named), new SettingOrigin(SettingSource.Environment, EnvironmentSettings.ConfigFileName));
        return (paths.DefaultFiles.FirstOrDefault(Path.Exists), SettingOrigin.Default);
    }

    /// <summary>The file's text, or null when it cannot be read, and <paramref name="problems"/> says why.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="namedBy">Who named the file.</param>
    /// <param name="problems">Where mistakes go.</param>
    public static string? Read(string path, SettingOrigin namedBy, ProblemList problems)
    {
        var origin = new SettingOrigin(SettingSource.File, path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[MaxBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length <= MaxBytes) return Decode(bytes.AsSpan(0, length), path, problems);
            problems.Add("", origin, "the file is larger than 1 MB; is it the right one?");
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            problems.Add("", origin, $"the file named by {namedBy} does not exist; correct the path or create the file");
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            problems.Add("", origin, $"this is a folder; name the file in it, such as {Path.Combine(path, ConfigurationPaths.FileName)}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            problems.Add("", origin, $"the file cannot be read: {problem.Message}");
        }
        return null;
    }

    private static string? Decode(ReadOnlySpan<byte> bytes, string path, ProblemList problems)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble)) bytes = bytes[3..];
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException problem)
        {
            var line = 1 + bytes[..Math.Clamp(problem.Index, 0, bytes.Length)].Count((byte)'\n');
            problems.Add("", new SettingOrigin(SettingSource.File, path, line), "the line is not UTF-8 text; save the file as UTF-8");
            return null;
        }
    }
}
