using System.Text.Json;
using System.Text.Json.Serialization;
using Mycel.Identity;

namespace Mycel.Node.Networks;

/// <summary>The nodes that were linked, in <c>peers.json</c> of the data folder (mode 0600), so that a node that starts again finds its networks.</summary>
internal sealed class PeerFile(string dataDir, ILogger<PeerFile> log)
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private readonly string _path = Path.Combine(dataDir, "peers.json");

    /// <summary>What was written; nothing where there is no file, or none that can be read, which is told in the log.</summary>
    public StoredPeers Load()
    {
        try
        {
            var file = new FileInfo(_path);
            if (!file.Exists) return new StoredPeers();
            if (file.Length > MaxBytes) throw new InvalidDataException($"it has {file.Length:N0} bytes");
            return JsonSerializer.Deserialize(File.ReadAllBytes(_path), PeerFileJson.Default.StoredPeers) ?? new StoredPeers();
        }
        catch (Exception error) when (error is JsonException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            NetworkLog.PeersUnreadable(log, _path, error.Message);
            return new StoredPeers();
        }
    }

    /// <summary>Writes them; that it cannot is told in the log, since the node runs on without.</summary>
    public void Save(StoredPeers peers)
    {
        try
        {
            AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(peers, PeerFileJson.Default.StoredPeers));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            NetworkLog.PeersUnwritable(log, _path, error.Message);
        }
    }
}

/// <summary>The content of <c>peers.json</c>.</summary>
internal sealed record StoredPeers
{
    /// <summary>Sequence of the own record that was made last, or shortly before.</summary>
    public ulong Sequence { get; init; }

    public IReadOnlyList<StoredPeer> Peers { get; init; } = [];
}

/// <summary>One node in <c>peers.json</c>.</summary>
internal sealed record StoredPeer
{
    public required string Id { get; init; }

    public required string Account { get; init; }

    public required string Name { get; init; }

    public IReadOnlyList<string> Networks { get; init; } = [];

    public IReadOnlyList<string> Addresses { get; init; } = [];

    public DateTimeOffset LastSeen { get; init; }
}

/// <summary>Reads and writes <see cref="StoredPeers"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(StoredPeers))]
internal sealed partial class PeerFileJson : JsonSerializerContext;
