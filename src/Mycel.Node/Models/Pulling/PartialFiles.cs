using System.Text.Json;
using System.Text.Json.Serialization;
using Mycel.Identity;

namespace Mycel.Node.Models.Pulling;

/// <summary>What is known of a download that has begun; kept beside its bytes, so that it can be resumed after any end of the process.</summary>
/// <param name="Source">The source, as a pull takes it, without query.</param>
/// <param name="Name">The name the model will have.</param>
/// <param name="Sha256">The hash it must have.</param>
/// <param name="TotalBytes">Bytes of the whole file.</param>
/// <param name="Validator">The server's name for this content, or null.</param>
internal sealed record PartialNote(string Source, string Name, string Sha256, long TotalBytes, string? Validator);

/// <summary>A download as far as it came: its bytes, and what is known of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Note">What is known of it.</param>
/// <param name="ReceivedBytes">Bytes that are there.</param>
internal sealed record PartialDownload(string Id, PartialNote Note, long ReceivedBytes);

/// <summary>The folder of downloads that are not whole: <c>.partial/ID</c> and <c>.partial/ID.json</c> in the models folder.</summary>
/// <param name="modelsFolder">Full path of the models folder.</param>
internal sealed class PartialFiles(string modelsFolder)
{
    private const string NoteEnding = ".json";

    private readonly string _folder = Path.Combine(modelsFolder, ".partial");

    /// <summary>Makes the folder.</summary>
    public void EnsureFolder()
    {
        if (!Directory.Exists(_folder)) PrivateFolder.Ensure(_folder);
    }

    /// <summary>Full path of a download's bytes.</summary>
    public string PathOf(string id) => Path.Combine(_folder, id);

    /// <summary>The downloads that can be resumed, sorted by id. Notes without bytes, and bytes without a note, are none.</summary>
    public IReadOnlyList<PartialDownload> List()
    {
        if (!Directory.Exists(_folder)) return [];
        return [.. Directory.EnumerateFiles(_folder, "*" + NoteEnding).Take(ModelStore.MaxListed)
            .Select(path => Find(Path.GetFileNameWithoutExtension(path))).OfType<PartialDownload>().OrderBy(partial => partial.Id, StringComparer.Ordinal)];
    }

    /// <summary>One download, or null.</summary>
    public PartialDownload? Find(string id)
    {
        if (!IsId(id)) return null;
        FileInfo bytes = new(PathOf(id));
        return bytes.Exists && ReadNote(id) is { } note ? new PartialDownload(id, note, bytes.Length) : null;
    }

    /// <summary>Keeps what is known of a download.</summary>
    public void WriteNote(string id, PartialNote note) => AtomicFile.Write(PathOf(id) + NoteEnding, JsonSerializer.SerializeToUtf8Bytes(note, PartialJson.Default.PartialNote));

    /// <summary>Deletes a download that no process works on.</summary>
    /// <exception cref="ModelException">One does.</exception>
    public void DeleteUnused(string id)
    {
        try
        {
            using FileStream alone = new(PathOf(id), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (FileNotFoundException)
        {
            // Only its note is left.
        }
        catch (IOException held) when (File.Exists(PathOf(id)))
        {
            throw new ModelException(409, "model_in_use", "Another mycel is pulling this model right now. End that first.", held);
        }
        Delete(id);
    }

    /// <summary>Deletes a download.</summary>
    public void Delete(string id)
    {
        File.Delete(PathOf(id));
        DeleteNote(id);
    }

    /// <summary>Forgets what was known of a download whose bytes are gone.</summary>
    public void DeleteNote(string id) => File.Delete(PathOf(id) + NoteEnding);

    /// <summary>Whether a text can be a download's id.</summary>
    public static bool IsId(string text) => text.Length == 16 && text.All(char.IsAsciiHexDigitLower);

    private PartialNote? ReadNote(string id)
    {
        try
        {
            FileInfo file = new(PathOf(id) + NoteEnding);
            if (!file.Exists || file.Length > ModelNote.MaxBytes) return null;
            return JsonSerializer.Deserialize(File.ReadAllBytes(file.FullName), PartialJson.Default.PartialNote);
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PartialNote))]
internal sealed partial class PartialJson : JsonSerializerContext;
