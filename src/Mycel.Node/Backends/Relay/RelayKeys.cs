using Mycel.Identity;

namespace Mycel.Node.Backends.Relay;

/// <summary>Finds the API keys of devices. The settings and the state hold only where a key is, never the key.</summary>
internal sealed class RelayKeys(SecretStore secrets)
{
    public const string SecretPrefix = "secret:";
    public const string EnvironmentPrefix = "env:";

    /// <summary>The key that <paramref name="reference"/> (<c>secret:NAME</c> or <c>env:NAME</c>) names, or null.</summary>
    public string? Resolve(string? reference)
    {
        var key = reference switch
        {
            null => null,
            _ when reference.StartsWith(EnvironmentPrefix, StringComparison.Ordinal) => Environment.GetEnvironmentVariable(reference[EnvironmentPrefix.Length..]),
            _ when reference.StartsWith(SecretPrefix, StringComparison.Ordinal) => secrets.Get(reference[SecretPrefix.Length..]),
            _ => null,
        };
        key = key?.Trim();
        // A line break would let the key write headers of its own.
        return string.IsNullOrEmpty(key) || key.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : key;
    }

    /// <summary>Puts a key into the secret store.</summary>
    /// <returns>The reference to it.</returns>
    public string Store(string name, string key)
    {
        secrets.Set(name, key);
        return SecretPrefix + name;
    }
}
