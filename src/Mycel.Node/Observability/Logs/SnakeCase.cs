using System.Collections.Concurrent;
using System.Text.Json;

namespace Mycel.Node.Observability.Logs;

/// <summary>Brings names of events and fields into snake_case, and remembers them: they come from the source code, so they are few.</summary>
internal static class SnakeCase
{
    private const int MaxRemembered = 4_096;
    private static readonly ConcurrentDictionary<string, string> Remembered = new(StringComparer.Ordinal);

    /// <summary><c>RelayOnline</c> becomes <c>relay_online</c>.</summary>
    public static string Of(string name)
    {
        if (Remembered.TryGetValue(name, out var known)) return known;
        var made = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
        if (Remembered.Count < MaxRemembered) Remembered.TryAdd(name, made);
        return made;
    }
}
