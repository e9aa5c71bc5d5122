namespace Mycel.Node.Configuration;

/// <summary>A value as written, with its place. Flags, variables and the file all become these, so that a setting reads one form only.</summary>
/// <param name="Kind">Its shape; says which of the other members mean something.</param>
/// <param name="Origin">Where it stands.</param>
internal sealed record ConfigNode(ConfigNodeKind Kind, SettingOrigin Origin)
{
    /// <summary>A scalar's text.</summary>
    public string Text { get; init; } = "";

    /// <summary>A list's items.</summary>
    public IReadOnlyList<ConfigNode> Items { get; init; } = [];

    /// <summary>A section's members in the order written.</summary>
    public IReadOnlyList<ConfigMember> Members { get; init; } = [];

    /// <summary>A scalar.</summary>
    public static ConfigNode Scalar(string text, SettingOrigin origin) => new(ConfigNodeKind.Scalar, origin) { Text = text };

    /// <summary>A list of scalars, all from one place.</summary>
    public static ConfigNode List(IEnumerable<string> texts, SettingOrigin origin) =>
        new(ConfigNodeKind.List, origin) { Items = [.. texts.Select(text => Scalar(text, origin))] };
}
