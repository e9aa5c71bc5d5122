namespace Mycel.Node.Models.Pulling;

/// <summary>A model somebody wants.</summary>
/// <param name="Source"><c>https://…</c>, <c>hf:org/repo:file</c> or a name of <see cref="KnownModels"/>.</param>
/// <param name="Sha256">SHA-256 of the file, 64 hexadecimal digits; needed for <c>https://…</c>.</param>
/// <param name="Name">The name to keep it under; null for the file's own, or the known model's.</param>
internal sealed record PullRequest(string Source, string? Sha256 = null, string? Name = null);
