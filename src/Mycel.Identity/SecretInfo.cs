namespace Mycel.Identity;

/// <summary>A stored secret as it may be shown: without its value.</summary>
/// <param name="Name">Its name.</param>
/// <param name="UpdatedAt">When it was last set; null when that cannot be read.</param>
/// <param name="Damaged">Whether it cannot be decrypted; it must then be set again or removed.</param>
public sealed record SecretInfo(string Name, DateTimeOffset? UpdatedAt, bool Damaged);
