using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>A setting of named values: a section in the file, <c>NAME=VALUE</c> with commas between them in a variable.</summary>
/// <param name="names">What a name is, in words.</param>
/// <param name="form">How a value is written.</param>
/// <param name="get">Takes them out of options.</param>
/// <param name="with">Options with others.</param>
internal sealed class MapSetting(
    string names, ValueForm<string> form, Func<MycelOptions, IReadOnlyDictionary<string, string>> get, Func<MycelOptions, IReadOnlyDictionary<string, string>, MycelOptions> with) : Setting
{
    /// <summary>Names at most.</summary>
    public const int MaxNames = 1_000;

    /// <summary>Longest name, in characters.</summary>
    public const int MaxNameLength = 256;

    /// <inheritdoc/>
    public override string Accepted => $"{names}, each with one of these: {form.Accepted}; in a variable as NAME=VALUE, with commas between";

    /// <inheritdoc/>
    public override string DefaultText => "none";

    /// <inheritdoc/>
    public override ConfigNode NodeFor(IReadOnlyList<string> texts, SettingOrigin origin) => ConfigNode.List(texts, origin);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Split(string text) => ListSetting.SplitList(text);

    /// <inheritdoc/>
    public override Func<MycelOptions, MycelOptions>? Read(ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        switch (node.Kind)
        {
            case ConfigNodeKind.Empty:
                break;
            case ConfigNodeKind.Section when node.Members.Count <= MaxNames:
                foreach (var member in node.Members) Add(kept, member.Name, member.Value, problems);
                break;
            case ConfigNodeKind.List when node.Items.Count <= MaxNames:
                foreach (var item in node.Items) AddPair(kept, item, problems);
                break;
            case ConfigNodeKind.Scalar:
                problems.AddUnaccepted(Key, node, Accepted);
                break;
            default:
                problems.Add(Key, node.Origin, $"there are {Math.Max(node.Members.Count, node.Items.Count)} entries; at most {MaxNames} are accepted");
                break;
        }
        return problems.Count == before ? options => with(options, kept) : null;
    }

    /// <inheritdoc/>
    public override MycelOptions Copy(MycelOptions from, MycelOptions to) => with(to, get(from));

    /// <inheritdoc/>
    public override string Text(MycelOptions options) =>
        get(options) is { Count: > 0 } values ? string.Join(", ", values.OrderBy(value => value.Key, StringComparer.Ordinal).Select(value => $"{value.Key}={value.Value}")) : "none";

    /// <inheritdoc/>
    public override JsonNode? Json(MycelOptions options) =>
        new JsonObject(get(options).OrderBy(value => value.Key, StringComparer.Ordinal).Select(value => KeyValuePair.Create(value.Key, (JsonNode?)JsonValue.Create(value.Value))));

    /// <summary>Reads <c>NAME=VALUE</c>; the last equals sign parts them, since a name may hold others.</summary>
    private void AddPair(Dictionary<string, string> kept, ConfigNode item, ProblemList problems)
    {
        var sign = item.Kind == ConfigNodeKind.Scalar ? item.Text.LastIndexOf('=') : -1;
        if (sign < 0) problems.AddUnaccepted(Key, item, Accepted);
        else Add(kept, item.Text[..sign].Trim(), ConfigNode.Scalar(item.Text[(sign + 1)..].Trim(), item.Origin), problems);
    }

    private void Add(Dictionary<string, string> kept, string name, ConfigNode node, ProblemList problems)
    {
        string? why = null;
        if (name.Length is 0 or > MaxNameLength || name.Any(char.IsControl))
            problems.Add(Key, node.Origin, $"a name has 1 to {MaxNameLength} characters and no control characters; accepted: {Accepted}");
        else if (node.Kind != ConfigNodeKind.Scalar || !form.TryRead(node.Text.Trim(), out var value, out why))
            problems.AddUnaccepted($"{Key}.{name}", node, form.Accepted, why);
        else if (!kept.TryAdd(name, value))
            problems.Add($"{Key}.{name}", node.Origin, "given twice; accepted: each name once");
    }
}
