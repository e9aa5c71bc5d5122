using System.Text.Json;
using System.Text.Json.Serialization;
using Mycel.Identity;
using Mycel.Node.Configuration;

namespace Mycel.Node.Backends.Relay;

/// <summary>The devices added while running, kept in <c>relays.json</c> of the data folder.</summary>
internal sealed class RelayFile(string dataDir)
{
    private readonly string _path = Path.Combine(dataDir, "relays.json");

    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlyList<RelayEntryOptions> Load()
    {
        if (!File.Exists(_path)) return [];
        try
        {
            var stored = JsonSerializer.Deserialize(File.ReadAllBytes(_path), RelayFileJson.Default.StoredRelays)!;
            return [.. stored.Relays.Select(r => new RelayEntryOptions { Url = r.Url, Name = r.Name, ApiKey = r.ApiKey, MaxConcurrent = r.MaxConcurrent, Source = "api" })];
        }
        catch (Exception error) when (error is JsonException or NullReferenceException)
        {
            throw new InvalidDataException($"{_path} is damaged and cannot be read. Restore it from a backup, or remove it and add the relays again.", error);
        }
    }

    public void Save(IReadOnlyList<RelayEntryOptions> relays)
    {
        var stored = new StoredRelays([.. relays.Select(r => new StoredRelay(r.Url, r.Name, r.ApiKey, r.MaxConcurrent))]);
        AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(stored, RelayFileJson.Default.StoredRelays));
    }
}

internal sealed record StoredRelays(IReadOnlyList<StoredRelay> Relays);

internal sealed record StoredRelay(string Url, string? Name = null, string? ApiKey = null, int? MaxConcurrent = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredRelays))]
internal sealed partial class RelayFileJson : JsonSerializerContext;
