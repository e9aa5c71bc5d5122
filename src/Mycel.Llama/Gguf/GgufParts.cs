using System.Globalization;
using System.Text.RegularExpressions;

namespace Mycel.Llama.Gguf;

/// <summary>Puts the files of a split model together. Their names end in <c>-00001-of-00005.gguf</c>, as llama.cpp's own tool writes them.</summary>
internal static partial class GgufParts
{
    /// <exception cref="GgufException">A file is missing, no GGUF, damaged or incomplete.</exception>
    public static GgufHeader Read(string path)
    {
        (GgufReader first, long bytes) = ReadFile(path);
        long count = first.Metadata.GetValueOrDefault("split.count") as long? ?? 0;
        if (count <= 1)
            return Header(path, first, [path], bytes, first.Tensors);
        if (count > GgufHeader.MaxParts)
            throw new GgufException($"'{path}' is damaged: it claims {count} parts; at most {GgufHeader.MaxParts} are supported. Download it again.");
        List<string> paths = PartPaths(path, (int)count, first.Metadata.GetValueOrDefault("split.no") as long? ?? 0);
        List<GgufTensor> tensors = first.Tensors;
        HashSet<string> names = [.. tensors.Select(t => t.Name)];
        for (int i = 1; i < paths.Count; i++)
        {
            (GgufReader part, long partBytes) = ReadFile(paths[i]);
            bytes += partBytes;
            if (part.Metadata.GetValueOrDefault("split.no") as long? != i || part.Metadata.GetValueOrDefault("split.count") as long? != count)
                throw new GgufException($"'{paths[i]}' is not part {i + 1} of {count} of this model: download all parts again from one place.");
            foreach (GgufTensor tensor in part.Tensors)
                if (!names.Add(tensor.Name))
                    throw new GgufException($"'{paths[i]}' repeats the tensor '{tensor.Name}' of another part: download all parts again from one place.");
            tensors.AddRange(part.Tensors);
            if (tensors.Count > GgufHeader.MaxTensors)
                throw new GgufException($"'{path}' and its parts have more than {GgufHeader.MaxTensors} tensors, which is not supported.");
        }
        return Header(path, first, paths, bytes, tensors);
    }

    private static GgufHeader Header(string path, GgufReader first, IReadOnlyList<string> parts, long bytes, IReadOnlyList<GgufTensor> tensors) => new(path)
    {
        Parts = parts,
        FileBytes = bytes,
        Version = first.Version,
        Alignment = first.Alignment,
        Metadata = first.Metadata,
        Tensors = tensors,
    };

    private static (GgufReader Reader, long Bytes) ReadFile(string path)
    {
        using GgufSource source = GgufSource.Open(path);
        GgufReader reader = new(source);
        reader.Read();
        return (reader, source.Length);
    }

    private static List<string> PartPaths(string path, int count, long number)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        Match match = PartName().Match(Path.GetFileName(path));
        if (!match.Success)
            throw new GgufException($"'{path}' is a part of a model in {count} files: give it the name that it was published under, such as 'model-00001-of-{Five(count)}.gguf', and put the others beside it.");
        string stem = match.Groups[1].Value;
        string Name(int part) => Path.Combine(folder, $"{stem}-{Five(part)}-of-{Five(count)}.gguf");
        if (number != 0)
            throw new GgufException($"'{path}' is part {number + 1} of {count} of a model: give the first one, '{Name(1)}'.");
        List<string> paths = [path];
        List<string> missing = [];
        for (int part = 2; part <= count; part++)
        {
            paths.Add(Name(part));
            if (!File.Exists(paths[^1]))
                missing.Add($"'{paths[^1]}'");
        }
        if (missing.Count > 0)
            throw new GgufException($"This model is in {count} files, and {(missing.Count == 1 ? "one is" : missing.Count + " are")} missing: {string.Join(", ", missing.Take(3))}{(missing.Count > 3 ? ", …" : "")}. Put all parts into one folder.");
        return paths;
    }

    private static string Five(int number) => number.ToString("D5", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(.+)-\d{5}-of-\d{5}\.gguf$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex PartName();
}
