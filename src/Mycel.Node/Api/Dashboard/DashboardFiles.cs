using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.StaticFiles;

namespace Mycel.Node.Api.Dashboard;

/// <summary>One file of the dashboard, held in memory in every form it is sent in.</summary>
/// <param name="ContentType">Its media type.</param>
/// <param name="ETag">Its entity tag.</param>
/// <param name="IsImmutable">Whether its name changes with its content.</param>
/// <param name="Plain">Its bytes.</param>
/// <param name="Brotli">Packed, or null.</param>
/// <param name="Gzip">Packed, or null.</param>
internal sealed record DashboardFile(string ContentType, string ETag, bool IsImmutable, byte[] Plain, byte[]? Brotli, byte[]? Gzip)
{
    /// <summary>The smallest form that a browser takes.</summary>
    /// <param name="accepted">Its <c>Accept-Encoding</c>.</param>
    public (byte[] Bytes, string? Encoding) For(string accepted)
    {
        var codings = accepted.Split(',', StringSplitOptions.TrimEntries);
        if (Brotli is not null && codings.Any(coding => Is(coding, "br"))) return (Brotli, "br");
        if (Gzip is not null && codings.Any(coding => Is(coding, "gzip"))) return (Gzip, "gzip");
        return (Plain, null);

        static bool Is(string coding, string name) =>
            coding.StartsWith(name, StringComparison.OrdinalIgnoreCase) && (coding.Length == name.Length || coding[name.Length] == ';') && !coding.Replace(" ", "", StringComparison.Ordinal).EndsWith(";q=0", StringComparison.Ordinal);
    }
}

/// <summary>The files that the dashboard's build left beside this program. Read once: they are small, and what the browser names is never a path.</summary>
internal sealed class DashboardFiles
{
    /// <summary>Folder beside the program.</summary>
    public const string FolderName = "dashboard";

    private const string IndexName = "index.html";
    private const string AssetsFolder = "assets/";

    private readonly Dictionary<string, DashboardFile> _files;

    private DashboardFiles(Dictionary<string, DashboardFile> files)
    {
        _files = files;
        ContentPolicy = Dashboard.ContentPolicy.For(Index is { } page ? Encoding.UTF8.GetString(page.Plain) : null);
    }

    /// <summary>What the page may load and do: <c>Content-Security-Policy</c>.</summary>
    public string ContentPolicy { get; }

    /// <summary>The page itself; null where the dashboard was not built.</summary>
    public DashboardFile? Index => _files.GetValueOrDefault(IndexName);

    /// <summary>Reads a folder; one that is not there is as good as empty.</summary>
    public static DashboardFiles Read(string folder)
    {
        var files = new Dictionary<string, DashboardFile>(StringComparer.Ordinal);
        if (!Directory.Exists(folder)) return new DashboardFiles(files);
        var types = new FileExtensionContentTypeProvider();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (path.EndsWith(".br", StringComparison.Ordinal) || path.EndsWith(".gz", StringComparison.Ordinal)) continue;
            var name = Path.GetRelativePath(folder, path).Replace('\\', '/');
            var bytes = File.ReadAllBytes(path);
            var type = types.TryGetContentType(name, out var known) ? known : "application/octet-stream";
            if (type.StartsWith("text/", StringComparison.Ordinal)) type += "; charset=utf-8";
            files[name] = new DashboardFile(
                type, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"", name.StartsWith(AssetsFolder, StringComparison.Ordinal), bytes, Packed(path + ".br"), Packed(path + ".gz"));
        }
        return new DashboardFiles(files);
    }

    /// <summary>A file by its name in the folder, with slashes; null for none.</summary>
    public DashboardFile? Find(string name) => _files.GetValueOrDefault(name);

    private static byte[]? Packed(string path) => File.Exists(path) ? File.ReadAllBytes(path) : null;
}
