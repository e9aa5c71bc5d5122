using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>A setting of one value.</summary>
/// <typeparam name="T">What it is read into.</typeparam>
/// <param name="form">How the value is written.</param>
/// <param name="get">Takes it out of options.</param>
/// <param name="with">Options with another value.</param>
internal sealed class ScalarSetting<T>(ValueForm<T> form, Func<MycelOptions, T> get, Func<MycelOptions, T, MycelOptions> with) : Setting
{
    /// <summary>Takes the place of the default's text where that depends on the machine.</summary>
    public string? DocumentedDefault { get; init; }

    /// <inheritdoc/>
    public override string Accepted => form.Accepted;

    /// <inheritdoc/>
    public override string DefaultText => DocumentedDefault ?? Text(new MycelOptions());

    /// <inheritdoc/>
    public override ConfigNode NodeFor(IReadOnlyList<string> texts, SettingOrigin origin) => ConfigNode.Scalar(texts[^1], origin);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Split(string text) => [text];

    /// <inheritdoc/>
    public override Func<MycelOptions, MycelOptions>? Read(ConfigNode node, ProblemList problems)
    {
        string? why = null;
        if (node.Kind == ConfigNodeKind.Scalar && form.TryRead(node.Text.Trim(), out var value, out why)) return options => with(options, value);
        if (node.Kind == ConfigNodeKind.Empty) why = "write a value or remove the line";
        problems.AddUnaccepted(Key, node, Accepted, why);
        return null;
    }

    /// <inheritdoc/>
    public override MycelOptions Copy(MycelOptions from, MycelOptions to) => with(to, get(from));

    /// <inheritdoc/>
    public override string Text(MycelOptions options) => form.Write(get(options));

    /// <inheritdoc/>
    public override JsonNode? Json(MycelOptions options) => form.ToJson(get(options));
}
