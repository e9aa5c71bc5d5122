using System.Text.Json;
using System.Text.Json.Serialization;
using Mycel.Identity;

namespace Mycel.Node.Models;

/// <summary>Where a pulled model came from; kept as <c>NAME.json</c> beside <c>NAME.gguf</c>.</summary>
/// <param name="Source">The source, as a pull takes it, without query.</param>
/// <param name="Sha256">The file's SHA-256, verified.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="PulledAt">When it was whole.</param>
internal sealed record ModelNote(string Source, string Sha256, long Size, DateTimeOffset PulledAt)
{
    /// <summary>Largest note read, in bytes; a larger file is something else.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>Path of the note of a model.</summary>
    public static string PathOf(string modelPath) => Path.ChangeExtension(modelPath, ".json");

    /// <summary>The note of a model, or null where there is none that fits the file.</summary>
    public static ModelNote? Read(string modelPath)
    {
        try
        {
            FileInfo file = new(PathOf(modelPath));
            if (!file.Exists || file.Length > MaxBytes) return null;
            var note = JsonSerializer.Deserialize(File.ReadAllBytes(file.FullName), ModelNoteJson.Default.ModelNote);
            return note is not null && note.Size == new FileInfo(modelPath).Length ? note : null;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps the note of a model.</summary>
    public void Write(string modelPath) => AtomicFile.Write(PathOf(modelPath), JsonSerializer.SerializeToUtf8Bytes(this, ModelNoteJson.Default.ModelNote));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ModelNote))]
internal sealed partial class ModelNoteJson : JsonSerializerContext;
