using System.Text.Json.Serialization;

namespace Mycel.Node.Admission;

/// <summary>A key as replies and <c>--json</c> show it.</summary>
/// <param name="Id">Identifier, such as <c>k3</c>.</param>
/// <param name="Name">The name its owner gave it.</param>
/// <param name="Scope">inference, metrics or admin.</param>
/// <param name="Prefix">First characters of the secret.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Concurrent">Requests at once; 0 is no limit, null the configured limit a key.</param>
/// <param name="Rate">Rate such as <c>10/m</c>; null is the configured limit a key.</param>
/// <param name="Budget">Credits that it may spend, such as <c>5/month</c>; null is no bound.</param>
/// <param name="Secret">The whole secret, only in the reply that made the key.</param>
internal sealed record KeyView(
    string Id, string Name, string Scope, string Prefix, DateTimeOffset CreatedAt, int? Concurrent, string? Rate, string? Budget,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret = null)
{
    /// <summary>The view of a key.</summary>
    public static KeyView Of(AccessKey key, string? secret = null) =>
        new(key.Id, key.Name, KeyScopeText.Of(key.Scope), key.Prefix, key.CreatedAt, key.Concurrent, key.Rate?.ToString(), key.Budget?.ToString(), secret);
}
