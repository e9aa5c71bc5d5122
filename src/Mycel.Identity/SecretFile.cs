using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Mycel.Identity;

/// <summary>
/// The content of a secret file. What it does not understand inside it, damaged entries above all, it writes back as it was read.
/// </summary>
internal sealed class SecretFile
{
    private const int Version = 1;
    private const string VersionField = "version";
    private const string SecretsField = "secrets";
    private const string NoUnicode = "it holds text that is not valid Unicode";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    // The file is no web page: without this, every '+' of Base64 would be written as an escape.
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _root;
    private readonly JsonObject _secrets;

    private SecretFile(JsonObject root, JsonObject secrets)
    {
        _root = root;
        _secrets = secrets;
    }

    /// <summary>How many secrets it holds, damaged ones included.</summary>
    public int Count => _secrets.Count;

    /// <summary>Reads a file; one that is absent is an empty store.</summary>
    /// <exception cref="IdentityException">It is no store, or one of a newer version.</exception>
    public static SecretFile Read(string path)
    {
        byte[]? content = BoundedFile.Read(path, SecretStore.MaxFileBytes, ownerOnly: false);
        if (content is null)
        {
            var secrets = new JsonObject();
            return new SecretFile(new JsonObject { [VersionField] = Version, [SecretsField] = secrets }, secrets);
        }

        JsonObject? root = Parse(content, path);
        if (root?[VersionField] is not JsonValue version || !version.TryGetValue(out int number) || root[SecretsField] is not JsonObject entries)
            throw Unusable(path, "it is no secret store", cause: null);
        if (number != Version)
            throw Unusable(path, $"it has version {number}, and this program knows version {Version} only", cause: null);
        return new SecretFile(root, entries);
    }

    /// <summary>Whether there is an entry of that name, damaged or not.</summary>
    public bool Contains(string name) => _secrets.ContainsKey(name);

    /// <summary>The entry of that name; null when it is absent or has not the form of one.</summary>
    public SecretEntry? Find(string name) => SecretEntry.FromJson(_secrets[name]);

    /// <summary>All entries; null for those that have not the form of one.</summary>
    public IEnumerable<(string Name, SecretEntry? Entry)> Entries()
        => _secrets.Select(pair => (pair.Key, SecretEntry.FromJson(pair.Value)));

    /// <summary>Adds or replaces an entry.</summary>
    public void Put(string name, SecretEntry entry) => _secrets[name] = entry.ToJson();

    /// <summary>Deletes an entry; false when it is absent.</summary>
    public bool Remove(string name) => _secrets.Remove(name);

    /// <summary>Replaces the file.</summary>
    /// <exception cref="IdentityException">It would become larger than can be read again, or holds text that could not be kept as it is.</exception>
    public void Write(string path)
    {
        using var buffer = new MemoryStream();
        try
        {
            using var writer = new Utf8JsonWriter(buffer, Readable);
            _root.WriteTo(writer);
        }
        catch (InvalidOperationException broken)
        {
            throw Unusable(path, NoUnicode, broken);
        }

        buffer.WriteByte((byte)'\n');
        if (buffer.Length > SecretStore.MaxFileBytes)
            throw new IdentityException($"{path} is full: it would exceed {SecretStore.MaxFileBytes:N0} bytes. Remove secrets that are not needed any more.");
        AtomicFile.Write(path, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private static JsonObject? Parse(byte[] content, string path)
    {
        // The parser looks at strings only when they are asked for; broken ones must show before anything is written back.
        if (!Utf8.IsValid(content))
            throw Unusable(path, NoUnicode, cause: null);
        try
        {
            return JsonNode.Parse(content, nodeOptions: null, Strict) as JsonObject;
        }
        catch (JsonException broken)
        {
            throw Unusable(path, "it is not valid JSON", broken);
        }
        catch (InvalidOperationException broken)
        {
            throw Unusable(path, NoUnicode, broken);
        }
    }

    private static IdentityException Unusable(string path, string reason, Exception? cause)
        => new($"{path} cannot be used: {reason}. It was left as it is. Restore it from a backup, or move it away to begin with an empty store.", cause);
}
