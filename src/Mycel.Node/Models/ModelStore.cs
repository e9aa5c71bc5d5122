using Mycel.Identity;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>The models folder: <c>NAME.gguf</c> files, and beside each pulled one a <see cref="ModelNote"/> of where it came from.</summary>
/// <param name="folder">Full path of the folder; it need not exist yet.</param>
internal sealed class ModelStore(string folder)
{
    /// <summary>Files of the folder that are listed at most.</summary>
    public const int MaxListed = 10_000;

    private const int MaxNear = 3;

    private readonly FactsCache _facts = new();

    /// <summary>Full path of the folder.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <summary>Makes the folder where it does not exist. It and every folder above it that is missing get mode 0700: one of them may be the data
    /// folder, on which a node refuses to start when others may enter it.</summary>
    public void EnsureFolder()
    {
        var missing = new Stack<string>();
        for (var path = Folder; path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path)) missing.Push(path);
        foreach (var path in missing) PrivateFolder.Ensure(path);
    }

    /// <summary>Full path of the model's file: what a path names, or a file of the models folder by its name, with or without <c>.gguf</c>. A lone
    /// file name that the folder does not have is also looked for in the working directory.</summary>
    /// <exception cref="ModelException">There is no such file; the message names what is near.</exception>
    public string Resolve(string nameOrPath)
    {
        if (nameOrPath.Length == 0 || nameOrPath.Contains('\0', StringComparison.Ordinal)) throw ModelException.Invalid("Name a model, or the path of a GGUF file.");
        if (ModelName.IsPath(nameOrPath)) return OfPath(nameOrPath);
        if (Find(nameOrPath) is { } inFolder) return inFolder;
        if (nameOrPath.EndsWith(ModelName.Extension, StringComparison.OrdinalIgnoreCase) && File.Exists(nameOrPath)) return Path.GetFullPath(nameOrPath);
        throw ModelException.NotFound(NotThere(nameOrPath));
    }

    /// <summary>Full path of the model of this name in the folder, or null when there is none.</summary>
    /// <exception cref="ModelException">The file is a link that leads out of the folder.</exception>
    public string? Find(string name)
    {
        var bare = ModelName.WithoutExtension(name);
        if (bare.Length == 0 || bare[0] == '.' || ModelName.IsPath(bare) || bare.AsSpan().ContainsAny('\0', '/', '\\')) return null;
        var path = Path.Combine(Folder, bare + ModelName.Extension);
        if (!File.Exists(path)) return null;
        if (IsInside(path)) return path;
        throw ModelException.NotFound($"{path} is a link that leads out of the models folder. Name the file it leads to by its own path.");
    }

    /// <summary>The names of the models in the folder, sorted.</summary>
    public IReadOnlyList<string> Names() =>
        [.. Files().Select(path => ModelName.WithoutExtension(Path.GetFileName(path))).Order(StringComparer.Ordinal)];

    /// <summary>The models in the folder with what is known of each, sorted by name.</summary>
    public IReadOnlyList<StoredModel> List() => [.. Files().Select(Describe).OfType<StoredModel>().OrderBy(model => model.Name, StringComparer.Ordinal)];

    /// <summary>What is known of a model file, wherever it lies; null when it is gone.</summary>
    public StoredModel? Describe(string path)
    {
        FileInfo file = new(path);
        if (!file.Exists) return null;
        var (facts, problem) = _facts.Of(file);
        var name = ModelName.WithoutExtension(file.Name);
        return new StoredModel(name, file.FullName, facts?.FileBytes ?? file.Length) { Facts = facts, Problem = problem, Note = ModelNote.Read(file.FullName) };
    }

    /// <summary>Deletes a model of the folder, and the note of where it came from.</summary>
    /// <exception cref="ModelException">There is none of this name, or it may not be deleted.</exception>
    public void Remove(string name)
    {
        var path = Find(name) ?? throw ModelException.NotFound(NotThere(name));
        try
        {
            File.Delete(path);
            File.Delete(ModelNote.PathOf(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(500, "storage_failed", $"The model could not be deleted: {error.Message}", error);
        }
    }

    /// <summary>Full paths of the models in the folder; links that lead out of it are left out.</summary>
    internal IReadOnlyList<string> Files()
    {
        if (!Directory.Exists(Folder)) return [];
        return [.. Directory.EnumerateFiles(Folder, "*" + ModelName.Extension, new EnumerationOptions { MatchCasing = MatchCasing.CaseSensitive, IgnoreInaccessible = true })
            .Where(path => Path.GetFileName(path)[0] != '.' && IsInside(path)).Take(MaxListed)];
    }

    private static string OfPath(string path)
    {
        var full = Path.GetFullPath(path);
        if (File.Exists(full)) return full;
        if (Directory.Exists(full)) throw ModelException.NotFound($"{full} is a folder. Name a GGUF file in it.");
        var beside = Path.GetDirectoryName(full) is { } parent && Directory.Exists(parent)
            ? Directory.EnumerateFiles(parent, "*" + ModelName.Extension).Take(MaxListed).Select(Path.GetFileName).OfType<string>() : [];
        var near = Near(Path.GetFileName(full), beside);
        throw ModelException.NotFound($"There is no model file {full}.{(near.Count == 0 ? "" : $" Near it: {string.Join(", ", near)}.")}");
    }

    private string NotThere(string name)
    {
        var bare = ModelName.WithoutExtension(name);
        var near = Near(bare, Names());
        var message = $"There is no model '{Shown(name)}' in {Folder}.";
        if (near.Count > 0) return $"{message} Did you mean {string.Join(" or ", near)}?";
        return $"{message} Give the path of a GGUF file, or get a model with: mycel models pull NAME (mycel models recommend shows some).";
    }

    /// <summary>Up to three names that resemble the wanted one: those that contain it or are contained, then those few edits away.</summary>
    internal static IReadOnlyList<string> Near(string wanted, IEnumerable<string> names)
    {
        if (wanted.Length is 0 or > NearestName.MaxLength) return [];
        return [.. names.Where(name => name.Length <= NearestName.MaxLength)
            .Select(name => (Name: name, Edits: EditsBetween(wanted, name)))
            .Where(near => near.Edits <= Math.Max(2, wanted.Length / 3))
            .OrderBy(near => near.Edits).ThenBy(near => near.Name, StringComparer.Ordinal).Take(MaxNear).Select(near => near.Name)];
    }

    private static int EditsBetween(string wanted, string name)
    {
        if (wanted.Length >= 3 && name.Contains(wanted, StringComparison.OrdinalIgnoreCase)) return 1;
        if (name.Length >= 3 && wanted.Contains(name, StringComparison.OrdinalIgnoreCase)) return 2;
        return NearestName.Distance(wanted, name);
    }

    /// <summary>Whether a file of the folder is none that only looks like one.</summary>
    private bool IsInside(string path)
    {
        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true);
            if (target is null) return true;
            var home = Directory.ResolveLinkTarget(Folder, returnFinalTarget: true)?.FullName ?? Folder;
            return Path.GetDirectoryName(target.FullName) is { } parent && (parent == home || parent == Folder);
        }
        catch (IOException)
        {
            // A link that leads round in a circle.
            return false;
        }
    }

    private static string Shown(string name) => name.Length > ModelName.MaxLength ? name[..ModelName.MaxLength] + "…" : name;
}
