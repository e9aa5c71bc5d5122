namespace Mycel.Node.Configuration;

/// <summary>Names the place of a key without holding it: <c>secret:NAME</c> or <c>env:NAME</c>.</summary>
public static class KeyReference
{
    /// <summary>Longest name, in characters.</summary>
    public const int MaxNameLength = 128;

    private const string SecretPrefix = "secret:";
    private const string EnvironmentPrefix = "env:";

    /// <summary>Whether a text is a reference.</summary>
    public static bool IsValid(string? text) => SecretName(text) is not null || EnvironmentName(text) is not null;

    /// <summary>The name in the secret store, or null when the text is not of that form.</summary>
    public static string? SecretName(string? text) => NameAfter(SecretPrefix, text);

    /// <summary>The environment variable, or null when the text is not of that form.</summary>
    public static string? EnvironmentName(string? text) => NameAfter(EnvironmentPrefix, text);

    private static string? NameAfter(string prefix, string? text)
    {
        if (text is null || !text.StartsWith(prefix, StringComparison.Ordinal)) return null;
        var name = text[prefix.Length..];
        return name.Length is > 0 and <= MaxNameLength && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? name : null;
    }
}
