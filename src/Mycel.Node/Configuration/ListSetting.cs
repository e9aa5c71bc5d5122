using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>A setting of several texts.</summary>
/// <param name="form">How one of them is written.</param>
/// <param name="get">Takes them out of options.</param>
/// <param name="with">Options with others.</param>
internal sealed class ListSetting(
    ValueForm<string> form, Func<MycelOptions, IReadOnlyList<string>> get, Func<MycelOptions, IReadOnlyList<string>, MycelOptions> with) : Setting
{
    /// <summary>Items of a list at most.</summary>
    public const int MaxItems = 1_000;

    /// <inheritdoc/>
    public override string Accepted => $"a list, each {form.Accepted}";

    /// <inheritdoc/>
    public override string DefaultText => "none";

    /// <inheritdoc/>
    public override ConfigNode NodeFor(IReadOnlyList<string> texts, SettingOrigin origin) => ConfigNode.List(texts, origin);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Split(string text) => SplitList(text);

    /// <inheritdoc/>
    public override Func<MycelOptions, MycelOptions>? Read(ConfigNode node, ProblemList problems)
    {
        if (!IsList(node, Key, Accepted, problems)) return null;
        var before = problems.Count;
        var kept = new List<string>(node.Items.Count);
        for (var i = 0; i < node.Items.Count; i++)
        {
            var item = node.Items[i];
            string? why = null;
            if (item.Kind != ConfigNodeKind.Scalar || !form.TryRead(item.Text.Trim(), out var value, out why))
                problems.AddUnaccepted($"{Key}[{i}]", item, form.Accepted, why);
            else if (!kept.Contains(value)) kept.Add(value);
        }
        return problems.Count == before ? options => with(options, kept) : null;
    }

    /// <inheritdoc/>
    public override MycelOptions Copy(MycelOptions from, MycelOptions to) => with(to, get(from));

    /// <inheritdoc/>
    public override string Text(MycelOptions options) => get(options) is { Count: > 0 } texts ? string.Join(", ", texts) : "none";

    /// <inheritdoc/>
    public override JsonNode? Json(MycelOptions options) => new JsonArray([.. get(options).Select(text => JsonValue.Create(text))]);

    /// <summary>Cuts a variable's text at its commas and drops what is empty.</summary>
    internal static string[] SplitList(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a node is a list of bearable length, or an empty value, which is an empty list.</summary>
    internal static bool IsList(ConfigNode node, string key, string accepted, ProblemList problems)
    {
        if (node.Items.Count > MaxItems)
        {
            problems.Add(key, node.Origin, $"the list has {node.Items.Count} items; at most {MaxItems} are accepted");
            return false;
        }
        if (node.Kind is ConfigNodeKind.List or ConfigNodeKind.Empty) return true;
        problems.AddUnaccepted(key, node, accepted, node.Kind == ConfigNodeKind.Scalar ? "write it as `- item` in a line of its own" : null);
        return false;
    }
}
