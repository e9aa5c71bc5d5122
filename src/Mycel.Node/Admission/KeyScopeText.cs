namespace Mycel.Node.Admission;

/// <summary>The words for scopes, in files, replies and on the command line.</summary>
internal static class KeyScopeText
{
    /// <summary>All of them, for messages.</summary>
    public const string All = "inference, metrics or admin";

    /// <summary>The word for a scope.</summary>
    public static string Of(KeyScope scope) => scope switch
    {
        KeyScope.Metrics => "metrics",
        KeyScope.Admin => "admin",
        _ => "inference",
    };

    /// <summary>The scope of a word.</summary>
    public static bool TryParse(string? word, out KeyScope scope)
    {
        (scope, var isKnown) = word switch
        {
            "inference" => (KeyScope.Inference, true),
            "metrics" => (KeyScope.Metrics, true),
            "admin" => (KeyScope.Admin, true),
            _ => (KeyScope.Inference, false),
        };
        return isKnown;
    }
}
