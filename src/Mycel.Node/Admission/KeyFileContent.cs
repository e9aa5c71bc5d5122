namespace Mycel.Node.Admission;

/// <summary>All that the key file says, made ready for looking up. Never changed; a change makes a new one.</summary>
internal sealed class KeyFileContent
{
    /// <summary>A content.</summary>
    /// <param name="nextId">Number of the next key's id; grows only.</param>
    /// <param name="keys">The live keys, oldest first, with hashes that differ.</param>
    public KeyFileContent(long nextId, IReadOnlyList<StoredKey> keys)
    {
        NextId = nextId;
        Stored = keys;
        Keys = [.. keys.Select(stored => stored.Key)];
        ByHash = keys.ToDictionary(stored => stored.Hash, stored => stored.Key);
    }

    /// <summary>What a folder without the file stands for.</summary>
    public static KeyFileContent Empty { get; } = new(1, []);

    /// <summary>Number of the next key's id.</summary>
    public long NextId { get; }

    /// <summary>The live keys with their hashes.</summary>
    public IReadOnlyList<StoredKey> Stored { get; }

    /// <summary>The live keys.</summary>
    public IReadOnlyList<AccessKey> Keys { get; }

    /// <summary>The live keys by their secrets' hashes.</summary>
    public Dictionary<KeyHash, AccessKey> ByHash { get; }
}
