using System.Text.Json;
using System.Text.Json.Serialization;
using Mycel.Dht;
using Mycel.Identity;

namespace Mycel.Node.Discovery;

/// <summary>Nodes of the table that answered, in <c>dht.json</c> of the data folder (mode 0600), so that a node that starts again needs nobody to lead it in.</summary>
internal sealed partial class TableFile(string dataDir, ILogger<TableFile> log)
{
    /// <summary>Most nodes kept.</summary>
    public const int MaxContacts = 64;

    private const int MaxBytes = 64 * 1024;

    private readonly string _path = Path.Combine(dataDir, "dht.json");

    /// <summary>What was written; nothing where there is no file, or none that can be read, which is told in the log.</summary>
    public IReadOnlyList<DhtContact> Load()
    {
        try
        {
            var file = new FileInfo(_path);
            if (!file.Exists) return [];
            if (file.Length > MaxBytes) throw new InvalidDataException($"it has {file.Length:N0} bytes");
            var stored = JsonSerializer.Deserialize(File.ReadAllBytes(_path), TableFileJson.Default.StoredTable)?.Nodes ?? [];
            return [.. stored.Take(MaxContacts).Select(Read).OfType<DhtContact>()];
        }
        catch (Exception error) when (error is JsonException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            LogUnreadable(log, _path, error.Message);
            return [];
        }
    }

    /// <summary>Writes them; that it cannot is told in the log, since the node runs on without.</summary>
    public void Save(IEnumerable<DhtContact> contacts)
    {
        try
        {
            var stored = new StoredTable { Nodes = [.. contacts.Take(MaxContacts).Select(contact => new StoredContact { Id = contact.Peer.ToString(), Address = contact.Address.ToString() })] };
            AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(stored, TableFileJson.Default.StoredTable));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogUnwritable(log, _path, error.Message);
        }
    }

    private static DhtContact? Read(StoredContact stored)
        => PeerId.TryParse(stored.Id, out var id) && DhtAddress.TryParse(stored.Address, out var address) ? new DhtContact(id, address) : null;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} cannot be read ({Reason}); the node finds the table of peers again by its links")]
    private static partial void LogUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The nodes of the table of peers could not be written to {Path}: {Reason}")]
    private static partial void LogUnwritable(ILogger logger, string path, string reason);
}

/// <summary>The content of <c>dht.json</c>.</summary>
internal sealed record StoredTable
{
    public IReadOnlyList<StoredContact> Nodes { get; init; } = [];
}

/// <summary>One node in <c>dht.json</c>.</summary>
internal sealed record StoredContact
{
    public required string Id { get; init; }

    /// <summary>IP address and UDP port.</summary>
    public required string Address { get; init; }
}

/// <summary>Reads and writes <see cref="StoredTable"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(StoredTable))]
internal sealed partial class TableFileJson : JsonSerializerContext;
