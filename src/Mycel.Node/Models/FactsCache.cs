using System.Collections.Concurrent;
using Mycel.Llama.Gguf;

namespace Mycel.Node.Models;

/// <summary>Reads what model files say of themselves, each once for as long as it does not change.</summary>
internal sealed class FactsCache
{
    /// <summary>Files remembered; beyond it all are forgotten and read anew.</summary>
    public const int MaxRemembered = 10_000;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The facts of a file, or why there are none.</summary>
    public (ModelFacts? Facts, string? Problem) Of(FileInfo file)
    {
        var (bytes, changed) = (file.Length, file.LastWriteTimeUtc);
        if (_entries.TryGetValue(file.FullName, out var known) && known.Bytes == bytes && known.Changed == changed) return (known.Facts, known.Problem);
        var (facts, problem) = Read(file.FullName);
        if (_entries.Count >= MaxRemembered) _entries.Clear();
        _entries[file.FullName] = new Entry(bytes, changed, facts, problem);
        return (facts, problem);
    }

    private static (ModelFacts? Facts, string? Problem) Read(string path)
    {
        try
        {
            var facts = ModelFacts.Read(path);
            return (facts, facts.Unservable);
        }
        catch (Exception error) when (error is GgufException or IOException or UnauthorizedAccessException)
        {
            return (null, error.Message);
        }
    }

    private sealed record Entry(long Bytes, DateTime Changed, ModelFacts? Facts, string? Problem);
}
