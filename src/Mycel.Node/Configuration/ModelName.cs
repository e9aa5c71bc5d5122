namespace Mycel.Node.Configuration;

/// <summary>The names that local models go by.</summary>
public static class ModelName
{
    /// <summary>Longest name, in characters.</summary>
    public const int MaxLength = 128;

    /// <summary>How the name of a model file ends.</summary>
    public const string Extension = ".gguf";

    /// <summary>What a name looks like, in words that follow "accepted:".</summary>
    public const string Accepted = "1–128 of letters, digits, dot, underscore, hyphen and colon, the first a letter or digit, not beginning with relay:, local: or peer:";

    private static readonly string[] Taken = ["relay:", "local:", "peer:"];

    /// <summary>Whether a text begins like a name that stands for another kind of model, which no local model can have.</summary>
    public static bool IsTaken(string text) => Taken.Any(prefix => text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether requests can ask for a model by this name.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit(name[0]) && name.All(IsNameCharacter) && !IsTaken(name);

    /// <summary>Whether a file of the models folder may have this name (without its ending): no separator, no dots in a row, the same on every system.</summary>
    public static bool IsFileName(string name) =>
        IsName(name) && !name.Contains(':', StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal) && name[^1] != '.';

    /// <summary>Whether this is the path of a file rather than the name of a model.</summary>
    public static bool IsPath(string text) => text.AsSpan().ContainsAny('/', Path.DirectorySeparatorChar) || text is "~" or "." or "..";

    /// <summary>The name that a file is announced under: its own without <c>.gguf</c>, what no name can have replaced by hyphens. Null when nothing is left.</summary>
    public static string? OfFile(string path)
    {
        var name = WithoutExtension(Path.GetFileName(path));
        var kept = string.Concat(name.Select(c => IsNameCharacter(c) && c != ':' ? c : '-')).TrimStart('-', '.', '_');
        if (kept.Length > MaxLength) kept = kept[..MaxLength];
        return IsName(kept) ? kept : null;
    }

    /// <summary>A file's name without <c>.gguf</c>.</summary>
    public static string WithoutExtension(string name) =>
        name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? name[..^Extension.Length] : name;

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or ':';
}
