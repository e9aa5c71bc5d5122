namespace Mycel.Node.Routing;

/// <summary>Finds known names that resemble one that is not known.</summary>
internal static class NearNames
{
    private const int MaxSuggestions = 3;
    private const int MaxCompared = 64;

    /// <summary>Up to three names, the nearest first: those that contain it or are contained, then those few edits away.</summary>
    public static IReadOnlyList<string> Find(string wanted, IEnumerable<string> known) =>
        [.. known
            .Select(name => (name, distance: Distance(wanted, name)))
            .Where(n => n.distance <= Math.Max(2, wanted.Length / 3))
            .OrderBy(n => n.distance).ThenBy(n => n.name, StringComparer.Ordinal)
            .Take(MaxSuggestions)
            .Select(n => n.name)];

    private static int Distance(string wanted, string name)
    {
        var a = Fold(wanted);
        var b = Fold(name);
        if (a.Length >= 3 && b.Contains(a, StringComparison.Ordinal)) return 1;
        if (b.Length >= 3 && a.Contains(b, StringComparison.Ordinal)) return 2;
        return Edits(a, b);
    }

    private static string Fold(string name)
    {
        var bare = name.StartsWith(ModelCatalog.RelayPrefix, StringComparison.Ordinal) ? name[ModelCatalog.RelayPrefix.Length..] : name;
        return (bare.Length > MaxCompared ? bare[..MaxCompared] : bare).ToLowerInvariant();
    }

    /// <summary>Levenshtein distance.</summary>
    private static int Edits(string a, string b)
    {
        Span<int> previous = stackalloc int[MaxCompared + 1];
        Span<int> current = stackalloc int[MaxCompared + 1];
        for (var j = 0; j <= b.Length; j++) previous[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
            }
            var swap = previous;
            previous = current;
            current = swap;
        }
        return previous[b.Length];
    }
}
