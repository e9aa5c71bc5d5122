using System.Text;

namespace Mycel.EndToEnd.Harness;

/// <summary>Looks for what must not be written down.</summary>
internal static class SecretSearch
{
    /// <summary>Files under <paramref name="folder"/> that hold <paramref name="secret"/> in clear, in base64 or in hexadecimal.</summary>
    public static IReadOnlyList<string> FilesWith(string folder, string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        string[] forms = [secret, Convert.ToBase64String(bytes).TrimEnd('='), Convert.ToHexString(bytes), Convert.ToHexStringLower(bytes)];
        return [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            // Sockets hold nothing, and lock files (empty) are held by the node.
            .Where(file => !file.EndsWith(".sock", StringComparison.Ordinal) && !file.EndsWith(".lock", StringComparison.Ordinal))
            .Where(file =>
            {
                var text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
                return forms.Any(form => text.Contains(form, StringComparison.Ordinal));
            })];
    }
}
