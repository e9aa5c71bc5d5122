using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>The setting <c>models.load</c>: a list of names and paths, or of sections with one and more.</summary>
internal sealed class ModelsSetting : Setting
{
    private const string AcceptedItem = "a file's path, the name of a model in models.dir, NAME=PATH, or a section of model, name, context, slots, gpu_layers and template";

    private static readonly string[] Fields = ["model", "name", "context", "slots", "gpu_layers", "template"];
    private static readonly ValueForm<int> Context = ValueForms.Whole(1, 16_777_216);
    private static readonly ValueForm<int> Slots = ValueForms.Whole(1, 64);
    private static readonly ValueForm<int> GpuLayers = ValueForms.Whole(0, 10_000);

    /// <inheritdoc/>
    public override string Accepted => $"a list, each {AcceptedItem}";

    /// <inheritdoc/>
    public override string DefaultText => "none";

    /// <inheritdoc/>
    public override ConfigNode NodeFor(IReadOnlyList<string> texts, SettingOrigin origin) => ConfigNode.List(texts, origin);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Split(string text) => ListSetting.SplitList(text);

    /// <inheritdoc/>
    public override Func<MycelOptions, MycelOptions>? Read(ConfigNode node, ProblemList problems)
    {
        if (!ListSetting.IsList(node, Key, Accepted, problems)) return null;
        var before = problems.Count;
        var entries = new List<Entry>(node.Items.Count);
        for (var i = 0; i < node.Items.Count; i++)
        {
            if (ReadEntry($"{Key}[{i}]", node.Items[i], problems) is { } entry) entries.Add(entry);
        }
        RefuseDuplicates(entries, problems);
        if (problems.Count > before) return null;
        var models = entries.Select(entry => entry.Options).ToList();
        return options => With(options, models);
    }

    /// <inheritdoc/>
    public override MycelOptions Copy(MycelOptions from, MycelOptions to) => With(to, from.Models.Load);

    /// <inheritdoc/>
    public override string Text(MycelOptions options) =>
        options.Models.Load.Count == 0 ? "none" : string.Join(", ", options.Models.Load.Select(EntryText));

    /// <inheritdoc/>
    public override JsonNode? Json(MycelOptions options) => new JsonArray([.. options.Models.Load.Select(model => (JsonNode)new JsonObject
    {
        ["model"] = model.Model,
        ["name"] = model.Name,
        ["context"] = model.ContextLength,
        ["slots"] = model.Slots,
        ["gpu_layers"] = model.GpuLayers,
        ["template"] = model.Template,
    })]);

    private static MycelOptions With(MycelOptions options, IReadOnlyList<ModelEntryOptions> models) => options with { Models = options.Models with { Load = models } };

    private static string EntryText(ModelEntryOptions model)
    {
        (string Name, object? Value)[] more =
            [("context", model.ContextLength), ("slots", model.Slots), ("gpu_layers", model.GpuLayers), ("template", model.Template)];
        var text = string.Join(", ", more.Where(field => field.Value is not null).Select(field => $"{field.Name} {field.Value}"));
        return $"{model.Name}={model.Model}{(text.Length == 0 ? "" : $" ({text})")}";
    }

    private static Entry? ReadEntry(string path, ConfigNode node, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar) return ReadText(path, node, problems);
        if (node.Kind == ConfigNodeKind.Section) return ReadSection(path, node, problems);
        problems.AddUnaccepted(path, node, AcceptedItem);
        return null;
    }

    /// <summary>Reads <c>PATH</c>, <c>NAME</c> or <c>NAME=PATH</c>. A path that holds an equals sign itself stays whole when what is before the sign is no name.</summary>
    private static Entry? ReadText(string path, ConfigNode node, ProblemList problems)
    {
        var text = node.Text.Trim();
        if (ModelName.IsTaken(text))
        {
            problems.AddUnaccepted(path, node, AcceptedItem, "a local model's name cannot begin with relay:, local: or peer:");
            return null;
        }
        var sign = text.IndexOf('=', StringComparison.Ordinal);
        var isNamed = sign > 0 && ModelName.IsName(text[..sign]);
        return Make(path, node, isNamed ? text[(sign + 1)..] : text, isNamed ? text[..sign] : null, problems);
    }

    private static Entry? Make(string path, ConfigNode node, string model, string? name, ProblemList problems)
    {
        if (model.Length == 0 || model.Contains('\0', StringComparison.Ordinal))
        {
            problems.AddUnaccepted(path, node, AcceptedItem, "no model is named");
            return null;
        }
        if ((name ?? ModelName.OfFile(model)) is { } known)
            return new Entry(path, node.Origin, new ModelEntryOptions { Model = model, Name = known, Source = node.Origin.SourceWord });
        problems.AddUnaccepted(path, node, AcceptedItem, "no name can be made from it; write NAME=PATH");
        return null;
    }

    private static Entry? ReadSection(string path, ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        ConfigNode? model = null;
        string? name = null;
        var more = new ModelEntryOptions { Model = "", Name = "" };
        foreach (var member in node.Members)
        {
            var key = $"{path}.{member.Name}";
            switch (member.Name)
            {
                case "model": model = member.Value; break;
                case "name": name = ReadName(key, member.Value, problems); break;
                case "context": more = more with { ContextLength = ReadNumber(key, member.Value, Context, problems) }; break;
                case "slots": more = more with { Slots = ReadNumber(key, member.Value, Slots, problems) }; break;
                case "gpu_layers": more = more with { GpuLayers = ReadNumber(key, member.Value, GpuLayers, problems) }; break;
                case "template": more = more with { Template = ReadPath(key, member.Value, problems) }; break;
                default: AddUnknown(key, member, problems); break;
            }
        }
        if (model is null)
        {
            problems.Add(path, node.Origin, "the entry has no model; add `model: PATH` or `model: NAME`");
            return null;
        }
        if (model.Kind != ConfigNodeKind.Scalar)
        {
            problems.AddUnaccepted($"{path}.model", model, "a file's path, or the name of a model in models.dir");
            return null;
        }
        if (problems.Count > before || Make($"{path}.model", model, model.Text.Trim(), name, problems) is not { } made) return null;
        return new Entry(path, node.Origin, more with { Model = made.Options.Model, Name = made.Options.Name, Source = made.Options.Source });
    }

    private static string? ReadName(string key, ConfigNode node, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar && ModelName.IsName(node.Text)) return node.Text;
        problems.AddUnaccepted(key, node, ModelName.Accepted);
        return null;
    }

    private static string? ReadPath(string key, ConfigNode node, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar && ValueForms.Path.TryRead(node.Text.Trim(), out var path, out _)) return path;
        problems.AddUnaccepted(key, node, "the path of a file");
        return null;
    }

    private static int? ReadNumber(string key, ConfigNode node, ValueForm<int> form, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar && form.TryRead(node.Text.Trim(), out var number, out _)) return number;
        problems.AddUnaccepted(key, node, form.Accepted);
        return null;
    }

    private static void AddUnknown(string key, ConfigMember member, ProblemList problems)
    {
        var nearest = NearestName.Find(member.Name, Fields);
        problems.Add(key, member.Origin, $"unknown key; {(nearest is null ? "" : $"did you mean {nearest}? ")}A model has: {string.Join(", ", Fields)}");
    }

    private static void RefuseDuplicates(List<Entry> entries, ProblemList problems)
    {
        var names = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (names.TryAdd(entry.Options.Name, entry)) continue;
            problems.Add(entry.Path, entry.Origin,
                $"the name {entry.Options.Name} is taken by {names[entry.Options.Name].Place}; give each model its own, as NAME=PATH or with `name:`");
        }
    }

    private sealed record Entry(string Path, SettingOrigin Origin, ModelEntryOptions Options)
    {
        public string Place => Origin.Line is null ? Path : $"{Path} in line {Origin.Line}";
    }
}
