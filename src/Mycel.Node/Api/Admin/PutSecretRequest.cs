namespace Mycel.Node.Api.Admin;

/// <summary>Stores a secret.</summary>
internal sealed record PutSecretRequest
{
    /// <summary>The secret itself.</summary>
    public required string Value { get; init; }
}
