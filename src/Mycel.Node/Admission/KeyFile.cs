using System.Text.Json;
using Mycel.Identity;
using Mycel.Node.Configuration;

namespace Mycel.Node.Admission;

/// <summary>
/// The file <c>keys.json</c>. Reads it strictly: a file that cannot be read in full must never pass for one with fewer keys, because a node
/// without keys is open to this machine's users.
/// </summary>
internal static class KeyFile
{
    /// <summary>Its name in the data folder.</summary>
    public const string Name = "keys.json";

    /// <summary>Largest file read, in bytes (16 MiB): room for the most keys with the longest names.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int Version = 1;

    /// <summary>What the file says, or null when there is none.</summary>
    /// <exception cref="KeyStoreException">It is damaged or cannot be read.</exception>
    public static KeyFileContent? Read(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length > MaxBytes) throw Damaged(path, $"it is larger than {MaxBytes >> 20} MB");
            return Parse(path, JsonSerializer.Deserialize(stream, KeyFileJson.Default.KeyFileDocument));
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException problem)
        {
            var line = problem.LineNumber is { } number ? $"line {number + 1}" : "its content";
            throw Damaged(path, $"{line} is not what the node wrote", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new KeyStoreException(KeyStoreFault.Damaged, $"The keys in {path} cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>Replaces the file; only its owner may read it.</summary>
    /// <exception cref="IOException">The disk is full or failed; the file is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, KeyFileContent content)
    {
        var document = new KeyFileDocument { Version = Version, NextId = content.NextId, Keys = [.. content.Stored.Select(EntryOf)] };
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(document, KeyFileJson.Default.KeyFileDocument));
    }

    private static KeyFileContent Parse(string path, KeyFileDocument? document)
    {
        if (document is null) throw Damaged(path, "it is empty");
        if (document.Version != Version) throw Damaged(path, $"it has version {document.Version}, and this program knows version {Version}");
        if (document.Keys.Count > KeyStore.MaxKeys) throw Damaged(path, $"it holds more than {KeyStore.MaxKeys:N0} keys");
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var hashes = new HashSet<KeyHash>();
        var keys = new List<StoredKey>(document.Keys.Count);
        foreach (var entry in document.Keys)
        {
            // A null in the list gets past the annotations of its element type.
            var stored = entry is null ? null : KeyOf(entry);
            if (stored is null || !ids.Add(stored.Key.Id) || !names.Add(stored.Key.Name) || !hashes.Add(stored.Hash)
                || KeyRules.IdNumber(stored.Key.Id) >= document.NextId)
            {
                throw Damaged(path, $"entry {keys.Count + 1} is not what the node wrote");
            }
            keys.Add(stored);
        }
        return new KeyFileContent(document.NextId, keys);
    }

    private static StoredKey? KeyOf(KeyFileEntry entry)
    {
        var rate = default(RateLimit);
        var budget = default(CreditBudget);
        if (!KeyRules.IsId(entry.Id) || KeyRules.FaultOfName(entry.Name) is not null || KeyRules.FaultOfConcurrent(entry.Concurrent) is not null) return null;
        if (!KeyScopeText.TryParse(entry.Scope, out var scope) || !KeyHash.TryParse(entry.Sha256, out var hash)) return null;
        if (entry.Rate is not null && !RateLimit.TryParse(entry.Rate, out rate)) return null;
        if (entry.Budget is not null && !CreditBudget.TryParse(entry.Budget, out budget)) return null;
        return new StoredKey(
            new AccessKey
            {
                Id = entry.Id,
                Name = entry.Name,
                Scope = scope,
                Prefix = entry.Prefix,
                CreatedAt = entry.CreatedAt,
                Concurrent = entry.Concurrent,
                Rate = entry.Rate is null ? null : rate,
                Budget = entry.Budget is null ? null : budget,
            },
            hash);
    }

    private static KeyFileEntry EntryOf(StoredKey stored) => new()
    {
        Id = stored.Key.Id,
        Name = stored.Key.Name,
        Scope = KeyScopeText.Of(stored.Key.Scope),
        Prefix = stored.Key.Prefix,
        Sha256 = stored.Hash.ToString(),
        CreatedAt = stored.Key.CreatedAt,
        Concurrent = stored.Key.Concurrent,
        Rate = stored.Key.Rate?.ToString(),
        Budget = stored.Key.Budget?.ToString(),
    };

    private static KeyStoreException Damaged(string path, string why, Exception? cause = null) => new(
        KeyStoreFault.Damaged,
        $"The keys in {path} are damaged: {why}. Restore the file from a backup; or delete it and make new keys with `mycel keys create`, which ends the old ones.",
        cause);
}
