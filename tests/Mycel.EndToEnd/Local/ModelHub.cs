using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>A hub of models on this machine that has one file, under whatever name it is asked for.</summary>
internal static class ModelHub
{
    /// <summary>Settings of a node that may pull from it.</summary>
    public const string Yaml = "models:\n  allow_private: true\n";

    /// <summary>What <c>mycel models pull</c> is given.</summary>
    public const string Source = "hf:someone/something:little.gguf";

    /// <summary>Environment of a node for which a device is the hub.</summary>
    public static Dictionary<string, string> EnvironmentOf(FaultyDevice hub) => new() { ["HF_ENDPOINT"] = hub.Url };

    /// <summary>Serves a file as the hub does: with its SHA-256, and from any byte on.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="atMost">Bytes after which the connection breaks.</param>
    /// <param name="sha256">The hash that is told; null for the file's own.</param>
    public static DeviceScript Serving(byte[] file, int atMost = int.MaxValue, string? sha256 = null) => async exchange =>
    {
        var from = RangeOf(exchange.Request.Head);
        var head = new StringBuilder(from > 0 ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n")
            .Append(CultureInfo.InvariantCulture, $"X-Linked-ETag: \"{sha256 ?? Sha256Of(file)}\"\r\nX-Linked-Size: {file.Length}\r\nETag: \"v1\"\r\nContent-Length: {file.Length - from}\r\n");
        if (from > 0) head.Append(CultureInfo.InvariantCulture, $"Content-Range: bytes {from}-{file.Length - 1}/{file.Length}\r\n");
        await exchange.SendAsync(head.Append("\r\n").ToString());
        var count = Math.Min(file.Length - from, atMost);
        await exchange.SendAsync(file.AsMemory(from, count));
        if (from + count < file.Length) exchange.Finish();
    };

    public static string Sha256Of(byte[] file) => Convert.ToHexStringLower(SHA256.HashData(file));

    /// <summary>The byte that a request begins at; 0 where it asks for all.</summary>
    public static int RangeOf(MessageHead head) =>
        head["Range"] is { } range ? int.Parse(range["bytes=".Length..].TrimEnd('-'), NumberStyles.None, CultureInfo.InvariantCulture) : 0;
}
