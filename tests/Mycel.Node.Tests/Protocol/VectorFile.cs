using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mycel.Node.Tests.Protocol;

/// <summary>A file of <c>docs/protocol/vectors</c>. With <c>MYCEL_WRITE_VECTORS=1</c> it is written; else it must be what the program makes.</summary>
internal static class VectorFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static bool IsWriting => Environment.GetEnvironmentVariable("MYCEL_WRITE_VECTORS") == "1";

    /// <summary>The file as it lies in the repository; null where there is none.</summary>
    public static JsonObject? Read(string name) => File.Exists(PathOf(name)) ? JsonNode.Parse(File.ReadAllText(PathOf(name)))!.AsObject() : null;

    public static void Check(string name, JsonObject made)
    {
        var text = made.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
        if (IsWriting) File.WriteAllText(PathOf(name), text);
        Assert.True(File.Exists(PathOf(name)), $"docs/protocol/vectors/{name} is missing. MYCEL_WRITE_VECTORS=1 writes it.");
        var kept = File.ReadAllText(PathOf(name)).ReplaceLineEndings("\n");
        Assert.True(kept == text, $"docs/protocol/vectors/{name} is not what the program makes: others could not talk to it any more. It makes:\n{text}");
    }

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static byte[] Bytes(JsonNode? hex) => Convert.FromHexString((string)hex!);

    private static string PathOf(string name)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Mycel.sln"))) return Path.Combine(folder, "docs", "protocol", "vectors", name);
        }

        throw new InvalidOperationException("No folder above the tests holds Mycel.sln.");
    }
}
