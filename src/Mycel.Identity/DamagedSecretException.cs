namespace Mycel.Identity;

/// <summary>A stored secret cannot be decrypted. It stays in the file until it is set again or removed.</summary>
public sealed class DamagedSecretException : IdentityException
{
    internal DamagedSecretException(string name, string path)
        : base($"The secret \"{name}\" in {path} cannot be decrypted: the entry was changed, or was stored under another device key. "
            + "Set it again, or restore both files from the same backup.")
        => SecretName = name;

    /// <summary>Name of the secret.</summary>
    public string SecretName { get; }
}
