using System.Text.Json.Serialization;

namespace Mycel.Node.Admission;

/// <summary>The key file as JSON has it.</summary>
internal sealed record KeyFileDocument
{
    /// <summary>Version of the form.</summary>
    public required int Version { get; init; }

    /// <summary>Number of the next key's id.</summary>
    public required long NextId { get; init; }

    /// <summary>The live keys.</summary>
    public required IReadOnlyList<KeyFileEntry> Keys { get; init; }
}

/// <summary>One key in the file.</summary>
internal sealed record KeyFileEntry
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Scope { get; init; }

    public required string Prefix { get; init; }

    public required string Sha256 { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public int? Concurrent { get; init; }

    public string? Rate { get; init; }

    public string? Budget { get; init; }
}

/// <summary>Reads and writes <see cref="KeyFileDocument"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KeyFileDocument))]
internal sealed partial class KeyFileJson : JsonSerializerContext;
