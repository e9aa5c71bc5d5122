namespace Mycel.Node.Api.Admin;

/// <summary>The stored secrets, without their values.</summary>
internal sealed record SecretListView(IReadOnlyList<SecretView> Secrets);

/// <summary>A stored secret, without its value.</summary>
/// <param name="Name">Its name.</param>
/// <param name="UpdatedAt">When it was last set; null when that cannot be read.</param>
/// <param name="Damaged">Whether it cannot be decrypted; it must be set again or removed.</param>
internal sealed record SecretView(string Name, DateTimeOffset? UpdatedAt, bool Damaged);
