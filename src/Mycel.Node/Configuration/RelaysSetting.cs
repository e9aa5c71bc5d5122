using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>The setting <c>relays</c>: a list of addresses, or of sections with an address and more.</summary>
internal sealed class RelaysSetting : Setting
{
    private static readonly string[] Fields = ["url", "name", "api_key", "max_concurrent"];
    private static readonly ValueForm<int> Slots = ValueForms.Whole(1, 10_000);

    /// <inheritdoc/>
    public override string Accepted => "a list, each an http(s) address, or a section of url, name, api_key and max_concurrent";

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
        var relays = WithNames([.. entries.Select(entry => entry.Options)]);
        return options => options with { Relays = relays };
    }

    /// <inheritdoc/>
    public override MycelOptions Copy(MycelOptions from, MycelOptions to) => to with { Relays = from.Relays };

    /// <inheritdoc/>
    public override string Text(MycelOptions options) =>
        options.Relays.Count == 0 ? "none" : string.Join(", ", options.Relays.Select(EntryText));

    /// <inheritdoc/>
    public override JsonNode? Json(MycelOptions options) => new JsonArray([.. options.Relays.Select(relay => (JsonNode)new JsonObject
    {
        ["url"] = relay.Url,
        ["name"] = relay.Name,
        ["api_key"] = relay.ApiKey,
        ["max_concurrent"] = relay.MaxConcurrent,
    })]);

    private static string EntryText(RelayEntryOptions relay)
    {
        var key = relay.ApiKey is null ? "" : $", api_key {relay.ApiKey}";
        var slots = relay.MaxConcurrent is null ? "" : $", max_concurrent {relay.MaxConcurrent}";
        return $"{relay.Url} ({relay.Name}{key}{slots})";
    }

    private static Entry? ReadEntry(string path, ConfigNode node, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar)
            return ReadUrl(path, node, problems) is { } bare ? new Entry(path, node.Origin, Bare(bare, node.Origin)) : null;
        if (node.Kind != ConfigNodeKind.Section)
        {
            problems.AddUnaccepted(path, node, "an http(s) address, or a section of url, name, api_key and max_concurrent");
            return null;
        }
        return ReadSection(path, node, problems);
    }

    private static Entry? ReadSection(string path, ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        string? url = null;
        var options = Bare("", node.Origin);
        foreach (var member in node.Members)
        {
            var key = $"{path}.{member.Name}";
            switch (member.Name)
            {
                case "url": url = ReadUrl(key, member.Value, problems); break;
                case "name": options = options with { Name = ReadName(key, member.Value, problems) }; break;
                case "api_key": options = options with { ApiKey = ReadKeyReference(key, member, problems) }; break;
                case "max_concurrent": options = options with { MaxConcurrent = ReadSlots(key, member.Value, problems) }; break;
                default: AddUnknown(key, member, problems); break;
            }
        }
        if (!node.Members.Any(member => member.Name == "url"))
            problems.Add(path, node.Origin, "the device has no url; add `url: http://HOST:PORT`");
        return problems.Count == before ? new Entry(path, node.Origin, options with { Url = url! }) : null;
    }

    private static string? ReadUrl(string key, ConfigNode node, ProblemList problems)
    {
        if (node.Kind != ConfigNodeKind.Scalar)
        {
            problems.AddUnaccepted(key, node, "an http(s) address");
            return null;
        }
        if (RelayUrl.TryNormalize(node.Text, out var url, out var error)) return url;
        // What follows an @ or ? may be somebody's password.
        var isShown = !node.Text.AsSpan().ContainsAny('@', '?', '#');
        problems.Add(key, node.Origin, isShown ? $"found {ProblemList.Describe(node)}: {error}" : $"the address is not accepted: {error}");
        return null;
    }

    private static string? ReadName(string key, ConfigNode node, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar && RelayUrl.IsName(node.Text)) return node.Text;
        problems.AddUnaccepted(key, node, $"1–{RelayUrl.MaxNameLength} of a–z, 0–9, dot, underscore and hyphen");
        return null;
    }

    private static string? ReadKeyReference(string key, ConfigMember member, ProblemList problems)
    {
        if (member.Value.Kind == ConfigNodeKind.Scalar && KeyReference.IsValid(member.Value.Text)) return member.Value.Text;
        problems.Add(key, member.Value.Origin, "a key does not belong in this file (what was found is not shown); accepted: secret:NAME, "
            + "with the key put in by `mycel secret set NAME`, or env:NAME, with the key in that environment variable");
        return null;
    }

    private static int? ReadSlots(string key, ConfigNode node, ProblemList problems)
    {
        if (node.Kind == ConfigNodeKind.Scalar && Slots.TryRead(node.Text.Trim(), out var slots, out _)) return slots;
        problems.AddUnaccepted(key, node, Slots.Accepted);
        return null;
    }

    private static void AddUnknown(string key, ConfigMember member, ProblemList problems)
    {
        var nearest = NearestName.Find(member.Name, Fields);
        problems.Add(key, member.Origin, $"unknown key; {(nearest is null ? "" : $"did you mean {nearest}? ")}A relay device has: {string.Join(", ", Fields)}");
    }

    private static void RefuseDuplicates(List<Entry> entries, ProblemList problems)
    {
        var urls = new Dictionary<string, Entry>(StringComparer.Ordinal);
        var names = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!urls.TryAdd(entry.Options.Url, entry))
                problems.Add(entry.Path, entry.Origin, $"{entry.Options.Url} is named twice; {urls[entry.Options.Url].Place} has it already. Remove one of the two");
            if (entry.Options.Name is { } name && !names.TryAdd(name, entry))
                problems.Add($"{entry.Path}.name", entry.Origin, $"the name {name} is taken by {names[name].Place}; give each device its own");
        }
    }

    /// <summary>Devices without a name are called by their host; where that would not tell them apart, by host and port.</summary>
    private static List<RelayEntryOptions> WithNames(RelayEntryOptions[] relays)
    {
        var taken = relays.Select(relay => relay.Name).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var shared = relays.Where(relay => relay.Name is null).GroupBy(relay => RelayUrl.DefaultName(relay.Url))
            .Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet(StringComparer.Ordinal);
        var named = new List<RelayEntryOptions>(relays.Length);
        foreach (var relay in relays)
        {
            var name = relay.Name ?? RelayUrl.DefaultName(relay.Url, candidate => shared.Contains(candidate) || taken.Contains(candidate));
            taken.Add(name);
            named.Add(relay with { Name = name });
        }
        return named;
    }

    private static RelayEntryOptions Bare(string url, SettingOrigin origin) => new() { Url = url, Source = origin.SourceWord };

    private sealed record Entry(string Path, SettingOrigin Origin, RelayEntryOptions Options)
    {
        public string Place => Origin.Line is null ? Path : $"{Path} in line {Origin.Line}";
    }
}
