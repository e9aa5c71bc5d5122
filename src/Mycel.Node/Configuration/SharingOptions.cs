namespace Mycel.Node.Configuration;

/// <summary>Who else may ask for this node's models.</summary>
public sealed record SharingOptions
{
    /// <summary>Who may ask for a model that <see cref="Models"/> does not name: <c>home</c> (this account's own nodes), <c>networks</c> (every network of this node) or the name or id of one. Default <c>networks</c>.</summary>
    public string Default { get; init; } = "networks";

    /// <summary>Exceptions: model name to <c>home</c>, <c>networks</c>, or the name or id of one network.</summary>
    public IReadOnlyDictionary<string, string> Models { get; init; } = new Dictionary<string, string>();
}
